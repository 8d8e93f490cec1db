/** Devices of a node and the native libraries that drive them. */
@NullMarked
package io.phalanx.runtime.device;

import org.jspecify.annotations.NullMarked;
