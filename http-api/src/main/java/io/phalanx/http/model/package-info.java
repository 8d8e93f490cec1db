/** Request and response bodies of the OpenAI routes. */
@NullMarked
package io.phalanx.http.model;

import org.jspecify.annotations.NullMarked;
