/** The engine: scheduler, blocks, sequences, sampling; plain Java without actors or tensors. */
@NullMarked
package io.phalanx.llm.engine;

import org.jspecify.annotations.NullMarked;
