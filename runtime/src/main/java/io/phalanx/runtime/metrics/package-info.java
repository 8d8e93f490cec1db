/** Counters, gauges and histograms of a node. */
@NullMarked
package io.phalanx.runtime.metrics;

import org.jspecify.annotations.NullMarked;
