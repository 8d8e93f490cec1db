package io.phalanx.runtime.serialization;

/**
 * A message that crosses nodes. The marker is the one serialization binding; each implementation is
 * a record that is also entered in its module's {@link WireMessages} list.
 */
public interface WireMessage {}
