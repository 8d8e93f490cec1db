package io.phalanx.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link GenerationDefaults} from the two files that say something about generation. */
final class GenerationDefaultsTest {
  @TempDir private Path directory;

  @Test
  void load_noFiles_isSilent() {
    assertThat(GenerationDefaults.load(directory))
        .isEqualTo(new GenerationDefaults(List.of(), null, null, null, null));
  }

  @Test
  void load_bothFiles_joinsEndTokens() throws IOException {
    write(
        "generation_config.json",
        "{\"eos_token_id\": [5, 7], \"temperature\": 0.6, \"top_k\": 20, \"top_p\": 0.95,"
            + " \"min_p\": 0.1, \"do_sample\": true}");
    write("config.json", "{\"eos_token_id\": 9}");

    assertThat(GenerationDefaults.load(directory))
        .isEqualTo(new GenerationDefaults(List.of(5, 7, 9), 0.6f, 20, 0.95f, 0.1f));
  }

  @Test
  void load_samplingSwitchedOff_isGreedy() throws IOException {
    write("generation_config.json", "{\"do_sample\": false, \"temperature\": 0.6}");

    assertThat(GenerationDefaults.load(directory).temperature()).isEqualTo(0f);
  }

  @Test
  void load_notJson_namesTheFile() throws IOException {
    write("generation_config.json", "[");

    assertThatThrownBy(() -> GenerationDefaults.load(directory))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining(directory.resolve("generation_config.json").toString());
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }
}
