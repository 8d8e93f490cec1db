/** The one exception of Phalanx and the codes that it carries. */
@NullMarked
package io.phalanx.runtime.error;

import org.jspecify.annotations.NullMarked;
