/**
 * An interpreter of the part of Jinja that chat templates use. It has no way to Java objects, files
 * or other templates, and every rendering is bounded in time and size.
 */
@NullMarked
package io.phalanx.llm.tokenizer.jinja;

import org.jspecify.annotations.NullMarked;
