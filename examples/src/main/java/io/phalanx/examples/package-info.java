/** One short program for each example of the guide. */
@NullMarked
package io.phalanx.examples;

import org.jspecify.annotations.NullMarked;
