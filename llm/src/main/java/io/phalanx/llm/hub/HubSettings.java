package io.phalanx.llm.hub;

import com.typesafe.config.Config;
import io.phalanx.runtime.config.ConfigReader;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where models are fetched from and kept, and how patiently.
 *
 * @param endpoint the hub, {@code https://huggingface.co} by default
 * @param hubCache directory of the fetched models, in Hugging Face's cache layout
 * @param cache directory of what Phalanx unpacks itself
 * @param token access token for gated models, or null; never shown, sent to the endpoint only
 * @param offline fetch nothing, serve from the cache
 * @param patience how long to try
 */
public record HubSettings(
    URI endpoint,
    Path hubCache,
    Path cache,
    @Nullable String token,
    boolean offline,
    Patience patience) {

  private static final String HUGGING_FACE = "https://huggingface.co";
  private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");

  /**
   * How long a fetch goes on trying.
   *
   * @param attempts attempts in a row that may fail without a single byte
   * @param firstDelay pause after the first failure; it doubles with each further one
   * @param stallTimeout how long a connection may deliver nothing
   */
  public record Patience(int attempts, Duration firstDelay, Duration stallTimeout) {
    static final Patience DEFAULT = new Patience(6, Duration.ofMillis(500), Duration.ofSeconds(30));
  }

  /** Checks the endpoint. */
  public HubSettings {
    String scheme = String.valueOf(endpoint.getScheme());
    boolean web = scheme.equals("https") || scheme.equals("http");
    if (!web || endpoint.getHost() == null || endpoint.getUserInfo() != null) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "The hub's endpoint (HF_ENDPOINT) must be http://HOST or https://HOST without a user"
              + " name; put an access token into HF_TOKEN.");
    }
  }

  /** Returns the settings that the process's environment asks for. */
  public static HubSettings ofEnvironment() {
    return of(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  /** Returns what {@code phalanx.hub} says, and where it is silent the environment. */
  public static HubSettings of(Config config) {
    HubSettings environment = ofEnvironment();
    ConfigReader hub = ConfigReader.of(config, "phalanx.hub");
    Patience patience =
        new Patience(
            hub.positiveInt("attempts"),
            hub.duration("retry-delay"),
            positive(hub, "stall-timeout"));
    HubSettings settings =
        new HubSettings(
            hub.optionalString("endpoint").map(HubSettings::uri).orElse(environment.endpoint),
            hub.optionalString("cache").map(HubSettings::directory).orElse(environment.hubCache),
            environment.cache,
            environment.token,
            hub.optionalBool("offline").orElse(environment.offline),
            patience);
    hub.rejectUnknown();
    return settings;
  }

  /** Returns the settings that these environment variables ask for. */
  static HubSettings of(Map<String, String> environment, Path home) {
    Path xdg = path(environment, "XDG_CACHE_HOME", home.resolve(".cache"));
    Path hfHome = path(environment, "HF_HOME", xdg.resolve("huggingface"));
    String offline = environment.getOrDefault("HF_HUB_OFFLINE", "");
    return new HubSettings(
        uri(environment.getOrDefault("HF_ENDPOINT", HUGGING_FACE)),
        path(environment, "HF_HUB_CACHE", hfHome.resolve("hub")),
        path(environment, "PHALANX_CACHE", xdg.resolve("phalanx")),
        token(environment, hfHome),
        TRUE.contains(offline.toUpperCase(Locale.ROOT)),
        Patience.DEFAULT);
  }

  private static Path path(Map<String, String> environment, String name, Path otherwise) {
    String value = environment.getOrDefault(name, "");
    return value.isEmpty() ? otherwise : directory(value);
  }

  private static Path directory(String value) {
    return Path.of(value).toAbsolutePath();
  }

  private static Duration positive(ConfigReader hub, String key) {
    Duration value = hub.duration(key);
    if (value.isZero()) {
      throw hub.error(key, "[0] must be longer than 0");
    }
    return value;
  }

  private static URI uri(String endpoint) {
    try {
      return URI.create(endpoint.strip().replaceFirst("/+$", ""));
    } catch (IllegalArgumentException e) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION, "The hub's endpoint [" + endpoint + "] is no URL.", e);
    }
  }

  /** Returns the token of the environment, or of the file that Hugging Face's login writes. */
  private static @Nullable String token(Map<String, String> environment, Path hfHome) {
    String token = environment.getOrDefault("HF_TOKEN", "").strip();
    if (!token.isEmpty()) {
      return token;
    }
    Path file = path(environment, "HF_TOKEN_PATH", hfHome.resolve("token"));
    return readToken(file).orElse(null);
  }

  private static Optional<String> readToken(Path file) {
    try {
      return Files.isRegularFile(file)
          ? Optional.of(Files.readString(file).strip()).filter(token -> !token.isEmpty())
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Leaves the token out. */
  @Override
  public String toString() {
    return "HubSettings[endpoint=" + endpoint + ", hubCache=" + hubCache + ", cache=" + cache + "]";
  }
}
