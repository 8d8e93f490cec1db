/** Process groups: collectives and sends between the ranks of a replica. */
@NullMarked
package io.phalanx.runtime.collective;

import org.jspecify.annotations.NullMarked;
