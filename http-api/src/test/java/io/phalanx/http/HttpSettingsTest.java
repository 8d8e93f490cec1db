package io.phalanx.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The settings of {@code phalanx.http}: defaults, mapping, refusals. */
final class HttpSettingsTest {

  @Test
  void of_nothing_hasTheDefaults() {
    assertThat(HttpSettings.of(ConfigFactory.load()))
        .isEqualTo(
            new HttpSettings(
                "127.0.0.1",
                8000,
                8L << 20,
                256L << 20,
                Duration.ofSeconds(60),
                Duration.ofSeconds(75),
                Duration.ofSeconds(30),
                Duration.ofSeconds(15),
                8192,
                1024));
  }

  @Test
  void of_everyKey_isRead() {
    String all =
        """
        phalanx.http {
          host = "127.0.0.5", port = 0, max-body = 1 MiB, max-bodies = 2 MiB, body-timeout = 1 s
          keep-alive-timeout = 2 s, drain-timeout = 3 s, heartbeat-interval = 4 s
          max-connections = 5, backlog = 6
        }
        """;

    assertThat(HttpSettings.of(ConfigFactory.parseString(all).withFallback(ConfigFactory.load())))
        .isEqualTo(
            new HttpSettings(
                "127.0.0.5",
                0,
                1L << 20,
                2L << 20,
                Duration.ofSeconds(1),
                Duration.ofSeconds(2),
                Duration.ofSeconds(3),
                Duration.ofSeconds(4),
                5,
                6));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "host = 0.0.0.0          | phalanx.http.host",
        "host = 192.0.2.1        | loopback",
        "port = 70000            | phalanx.http.port",
        "prt = 1                 | did you mean [port]",
        "max-body = 0            | phalanx.http.max-body",
        "max-bodies = 1000       | phalanx.http.max-bodies",
        "keep-alive-timeout = 0s | phalanx.http.keep-alive-timeout",
        "max-connections = 0     | phalanx.http.max-connections"
      })
  void of_wrongValue_isRefusedWithItsPath(String entry, String expected) {
    assertThatThrownBy(
            () ->
                HttpSettings.of(
                    ConfigFactory.parseString("phalanx.http { " + entry + " }")
                        .withFallback(ConfigFactory.load())))
        .isInstanceOfSatisfying(
            ServingException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
        .hasMessageContaining(expected);
  }
}
