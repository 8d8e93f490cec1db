/** Model architectures, written as single-device code. */
@NullMarked
package io.phalanx.llm.models;

import org.jspecify.annotations.NullMarked;
