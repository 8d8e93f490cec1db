package io.phalanx.placement;

import io.phalanx.runtime.serialization.WireMessage;

/**
 * What a {@link WorkerLauncher} needs in order to start an actor in a bundle; defined by the layer
 * above.
 */
public interface LaunchSpec extends WireMessage {}
