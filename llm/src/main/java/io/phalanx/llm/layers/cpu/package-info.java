/** The CPU's own compiled kernels: the library that holds them and the threads that run them. */
@NullMarked
package io.phalanx.llm.layers.cpu;

import org.jspecify.annotations.NullMarked;
