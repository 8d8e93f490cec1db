/** Where model files come from: embedded, a directory, or a Hugging Face hub. */
@NullMarked
package io.phalanx.llm.hub;

import org.jspecify.annotations.NullMarked;
