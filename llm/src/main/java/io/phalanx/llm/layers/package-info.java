/** Layers that cut their own shard while loading. */
@NullMarked
package io.phalanx.llm.layers;

import org.jspecify.annotations.NullMarked;
