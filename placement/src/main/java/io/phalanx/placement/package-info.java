/** Resources, bundles, strategies, reservations and the actors that keep them. */
@NullMarked
package io.phalanx.placement;

import org.jspecify.annotations.NullMarked;
