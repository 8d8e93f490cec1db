/** Keeps who has reserved what, on a node and in the manager; plain Java, without actors. */
@NullMarked
package io.phalanx.placement.reservation;

import org.jspecify.annotations.NullMarked;
