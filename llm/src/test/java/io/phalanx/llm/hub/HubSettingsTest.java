package io.phalanx.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link HubSettings} from the environment and from HOCON. */
final class HubSettingsTest {
  @TempDir private Path home;

  @Test
  void of_emptyEnvironment_isHuggingFacesDefault() {
    HubSettings settings = HubSettings.of(Map.of(), home);

    assertThat(settings.endpoint()).hasToString("https://huggingface.co");
    assertThat(settings.hubCache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
    assertThat(settings.cache()).isEqualTo(home.resolve(".cache/phalanx"));
    assertThat(settings.token()).isNull();
    assertThat(settings.offline()).isFalse();
  }

  @Test
  void of_variables_areTaken() {
    HubSettings settings =
        HubSettings.of(
            Map.of(
                "HF_ENDPOINT", "https://mirror.example/",
                "HF_HOME", "/h",
                "XDG_CACHE_HOME", "/x",
                "HF_TOKEN", " t ",
                "HF_HUB_OFFLINE", "true"),
            home);

    assertThat(settings.endpoint()).hasToString("https://mirror.example");
    assertThat(settings.hubCache()).isEqualTo(Path.of("/h/hub"));
    assertThat(settings.cache()).isEqualTo(Path.of("/x/phalanx"));
    assertThat(settings.token()).isEqualTo("t");
    assertThat(settings.offline()).isTrue();
  }

  @Test
  void of_tokenFileOfLogin_isRead() throws IOException {
    Files.writeString(home.resolve("token"), "from-file\n");

    assertThat(HubSettings.of(Map.of("HF_HOME", home.toString()), home).token())
        .isEqualTo("from-file");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ftp://hub", "https://user:pass@hub", "hub", "https://", "ht tp://x"})
  void of_endpointIsNoHub_isRefusedWithoutShowingSecrets(String endpoint) {
    assertThatThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", endpoint), home))
        .isInstanceOfSatisfying(
            ServingException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("pass@"));
  }

  @Test
  void of_configuration_overridesTheEnvironment() {
    HubSettings settings =
        HubSettings.of(
            ConfigFactory.parseString(
                    "phalanx.hub { endpoint = \"http://localhost:1\", offline = true, cache = /c }")
                .withFallback(ConfigFactory.defaultReference())
                .resolve());

    assertThat(settings.endpoint()).hasToString("http://localhost:1");
    assertThat(settings.offline()).isTrue();
    assertThat(settings.hubCache()).isEqualTo(Path.of("/c"));
    assertThat(settings.patience())
        .isEqualTo(new HubSettings.Patience(6, Duration.ofMillis(500), Duration.ofSeconds(30)))
        .isEqualTo(HubSettings.Patience.DEFAULT);
  }
}
