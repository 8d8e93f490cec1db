/** Memory-mapped safetensors checkpoints. */
@NullMarked
package io.phalanx.llm.weights;

import org.jspecify.annotations.NullMarked;
