/** Decides which bundle goes to which node; plain Java, without actors. */
@NullMarked
package io.phalanx.placement.scheduling;

import org.jspecify.annotations.NullMarked;
