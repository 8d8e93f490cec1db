package io.phalanx.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** What tests of fetching from a hub share: a {@link HubServer} with one model, and a cache. */
abstract class HubFixture {
  static final String SOURCE = "acme/tiny";
  static final String TOKEN = "hf_secret";
  static final byte[] WEIGHTS = randomBytes(300_000);
  static final HubSettings.Patience PATIENCE =
      new HubSettings.Patience(4, Duration.ofMillis(1), Duration.ofSeconds(20));

  @TempDir Path directory;
  HubServer hub;

  @BeforeEach
  void start() throws IOException {
    hub =
        new HubServer()
            .put("config.json", "{}")
            .put("tokenizer.json", "{\"model\": {}}")
            .put("model.safetensors", WEIGHTS)
            .put("README.md", "not wanted")
            .put("pytorch_model.bin", "not wanted")
            .put("consolidated.safetensors", "not wanted");
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  void assertWeightsArrive() {
    ModelFiles files = ModelSource.resolve(SOURCE, settings(), ProgressListener.NONE);
    assertThat(files.directory().resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
  }

  static ServingException failure(String source, HubSettings settings) {
    return catchThrowableOfType(
        ServingException.class, () -> ModelSource.resolve(source, settings, ProgressListener.NONE));
  }

  HubSettings settings() {
    return settings(PATIENCE);
  }

  HubSettings settings(HubSettings.Patience patience) {
    return settings(hub.endpoint(), patience);
  }

  HubSettings settings(URI endpoint, HubSettings.Patience patience) {
    return new HubSettings(
        endpoint, directory.resolve("hub"), directory.resolve("cache"), TOKEN, false, patience);
  }

  static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  static byte[] randomBytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }
}
