/** The OpenAI-compatible HTTP endpoint and the phalanx command line. */
@NullMarked
package io.phalanx.http;

import org.jspecify.annotations.NullMarked;
