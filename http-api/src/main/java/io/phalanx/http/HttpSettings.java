package io.phalanx.http;

import com.typesafe.config.Config;
import io.phalanx.runtime.LoopbackRule;
import io.phalanx.runtime.config.ConfigReader;
import java.time.Duration;

/**
 * The typed view of {@code phalanx.http}.
 *
 * @param host the loopback address to bind
 * @param port the port to bind; 0 takes a free one
 * @param maxBodyBytes largest request body; a larger one gets 413
 * @param maxBodiesBytes most bytes of all bodies that are read or parsed at once
 * @param bodyTimeout how long a request's body may take to come
 * @param keepAliveTimeout how long a connection may be open without a request
 * @param drainTimeout how long running requests may go on once the server stops
 * @param heartbeatInterval silence in a stream after which a comment is sent
 * @param maxConnections most connections at once
 * @param backlog longest queue of connections that are not accepted yet
 */
public record HttpSettings(
    String host,
    int port,
    long maxBodyBytes,
    long maxBodiesBytes,
    Duration bodyTimeout,
    Duration keepAliveTimeout,
    Duration drainTimeout,
    Duration heartbeatInterval,
    int maxConnections,
    int backlog) {

  /** Where the settings lie. */
  public static final String PATH = "phalanx.http";

  private static final int MOST_PORT = 65_535;
  private static final int MOST_CONNECTIONS = 1_000_000;

  /** Refuses hosts beyond this machine and limits that let nothing through. */
  public HttpSettings {
    host = LoopbackRule.requireLoopback(PATH + ".host", host);
  }

  /** Reads the settings; refuses keys that it does not know. */
  public static HttpSettings of(Config config) {
    ConfigReader http = ConfigReader.of(config, PATH).know("pekko", "preparation-dispatcher");
    HttpSettings settings =
        new HttpSettings(
            http.string("host"),
            http.integer("port", 0, MOST_PORT),
            atLeast(1, http, "max-body"),
            atLeast(http.bytes("max-body"), http, "max-bodies"),
            positive(http, "body-timeout"),
            positive(http, "keep-alive-timeout"),
            http.duration("drain-timeout"),
            positive(http, "heartbeat-interval"),
            http.integer("max-connections", 1, MOST_CONNECTIONS),
            http.integer("backlog", 1, MOST_CONNECTIONS));
    http.rejectUnknown();
    return settings;
  }

  private static long atLeast(long least, ConfigReader http, String key) {
    long bytes = http.bytes(key);
    if (bytes < least) {
      throw http.error(key, "[" + bytes + "] bytes must be at least " + least + " bytes");
    }
    return bytes;
  }

  private static Duration positive(ConfigReader http, String key) {
    Duration duration = http.duration(key);
    if (duration.isZero()) {
      throw http.error(key, "[0] must be more than nothing, such as 30 s");
    }
    return duration;
  }
}
