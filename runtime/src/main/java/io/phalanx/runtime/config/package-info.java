/** Strict reading of HOCON: unknown keys and wrong types are errors that name the path. */
@NullMarked
package io.phalanx.runtime.config;

import org.jspecify.annotations.NullMarked;
