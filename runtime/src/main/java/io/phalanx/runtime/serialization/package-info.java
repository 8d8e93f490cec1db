/** How messages cross nodes: a marker, a registry of classes and the Kryo serializer. */
@NullMarked
package io.phalanx.runtime.serialization;

import org.jspecify.annotations.NullMarked;
