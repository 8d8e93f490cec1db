package io.phalanx.llm.hub;

import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where models are fetched from and kept.
 *
 * @param endpoint the hub, {@code https://huggingface.co} by default
 * @param hubCache directory of the fetched models, in Hugging Face's cache layout
 * @param cache directory of what Phalanx unpacks itself
 * @param token access token for gated models, or null; never shown
 * @param offline fetch nothing, serve from the cache
 */
public record HubSettings(
    URI endpoint, Path hubCache, Path cache, @Nullable String token, boolean offline) {

  private static final URI HUGGING_FACE = URI.create("https://huggingface.co");

  /** Returns the settings that the process's environment asks for. */
  public static HubSettings ofEnvironment() {
    return of(System.getenv());
  }

  /** Returns the settings that these environment variables ask for. */
  static HubSettings of(Map<String, String> environment) {
    Path home = Path.of(System.getProperty("user.home"));
    Path xdg = path(environment, "XDG_CACHE_HOME", home.resolve(".cache"));
    Path hfHome = path(environment, "HF_HOME", xdg.resolve("huggingface"));
    return new HubSettings(
        URI.create(environment.getOrDefault("HF_ENDPOINT", HUGGING_FACE.toString())),
        path(environment, "HF_HUB_CACHE", hfHome.resolve("hub")),
        path(environment, "PHALANX_CACHE", xdg.resolve("phalanx")),
        environment.get("HF_TOKEN"),
        "1".equals(environment.get("HF_HUB_OFFLINE")));
  }

  private static Path path(Map<String, String> environment, String name, Path otherwise) {
    String value = environment.get(name);
    return value == null || value.isEmpty() ? otherwise : Path.of(value);
  }

  /** Leaves the token out. */
  @Override
  public String toString() {
    return "HubSettings[endpoint=" + endpoint + ", hubCache=" + hubCache + ", cache=" + cache + "]";
  }
}
