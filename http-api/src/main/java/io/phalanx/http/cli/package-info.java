/** The phalanx command line. */
@NullMarked
package io.phalanx.http.cli;

import org.jspecify.annotations.NullMarked;
