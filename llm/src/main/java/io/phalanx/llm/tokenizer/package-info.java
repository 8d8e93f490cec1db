/** Tokenizers, chat templates and incremental detokenization. */
@NullMarked
package io.phalanx.llm.tokenizer;

import org.jspecify.annotations.NullMarked;
