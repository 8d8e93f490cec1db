/** What to serve: model configuration and the typed entry point. */
@NullMarked
package io.phalanx.llm;

import org.jspecify.annotations.NullMarked;
