package io.phalanx.runtime;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/** The rule that nothing beyond the machine may be bound or joined until nodes can trust others. */
public final class LoopbackRule {

  private LoopbackRule() {}

  /**
   * Returns {@code host} if it is a loopback address or name.
   *
   * @param field what the host is, such as {@code phalanx.node.host}
   * @throws ServingException {@code INVALID_CONFIGURATION} with the reason otherwise
   */
  public static String requireLoopback(String field, String host) {
    try {
      if (!host.isBlank() && InetAddress.getByName(host).isLoopbackAddress()) {
        return host;
      }
    } catch (UnknownHostException e) {
      throw refused(field, host, "is not an address or a name that this machine knows", e);
    }
    throw refused(field, host, "is not a loopback address", null);
  }

  private static ServingException refused(
      String field, String host, String problem, @Nullable Exception e) {
    return new ServingException(
        ErrorCode.INVALID_CONFIGURATION,
        field
            + ": ["
            + host
            + "] "
            + problem
            + "; nodes do not authenticate each other by mutual TLS yet, so only this machine can"
            + " be used: give 127.0.0.1 (or another 127.x.x.x, ::1, localhost)",
        e);
  }
}
