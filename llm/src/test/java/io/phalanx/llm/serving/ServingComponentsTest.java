package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.hub.HubServer;
import io.phalanx.llm.hub.ModelFiles;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What nodes serve with, as {@code phalanx.hub} says. */
final class ServingComponentsTest {
  @TempDir private Path directory;

  @Test
  void environment_hubOfTheConfiguration_isWhereModelsComeFromAndLie() throws Exception {
    try (HubServer hub = new HubServer()) {
      hub.put("config.json", "{}").put("tokenizer.json", "{}").put("model.safetensors", "weights");

      ModelFiles files = models(hub, false).resolve("acme/tiny", text -> {});

      assertThat(files.directory()).startsWith(directory);
      assertThat(files.file("model.safetensors")).isPresent();
    }
  }

  @Test
  void environment_offline_fetchesNothing() throws Exception {
    try (HubServer hub = new HubServer()) {
      ServingEnvironment.Models models = models(hub, true);

      assertThatThrownBy(() -> models.resolve("acme/tiny", text -> {}))
          .isInstanceOfSatisfying(
              ServingException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_UNAVAILABLE));
    }
  }

  @Test
  void resolveTokenizer_ofARepositoryWithoutAModel_fetchesTheTokenizer() throws Exception {
    try (HubServer hub = new HubServer()) {
      hub.put("tokenizer.json", "{}");

      ModelFiles files = models(hub, false).resolveTokenizer("acme/tiny", text -> {});

      assertThat(files.file("tokenizer.json")).isPresent();
    }
  }

  private ServingEnvironment.Models models(HubServer hub, boolean offline) {
    Config config =
        ConfigFactory.parseString(
            "phalanx.hub { endpoint = \"%s\", cache = \"%s\", offline = %s, attempts = 1 }"
                .formatted(hub.endpoint(), directory, offline));
    return ServingComponents.environment(config.withFallback(ConfigFactory.load())).models();
  }
}
