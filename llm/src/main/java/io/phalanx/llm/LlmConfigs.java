package io.phalanx.llm;

import com.typesafe.config.Config;
import io.phalanx.runtime.config.ConfigReader;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The reader of {@code phalanx.llm-configs}. */
public final class LlmConfigs {
  /** The configuration path of the list of models. */
  public static final String PATH = "phalanx.llm-configs";

  private LlmConfigs() {}

  /**
   * Returns the models that a configuration asks for, by default the embedded one.
   *
   * <p>Keys are kebab-case; Ray's snake_case spellings mean the same, so that its dictionaries can
   * be pasted as JSON.
   *
   * @throws ServingException {@code INVALID_CONFIGURATION} whose text names the path, the value and
   *     the fix
   */
  public static List<LlmConfig> parse(Config config) {
    ConfigReader phalanx = ConfigReader.of(config, "phalanx").acceptSnakeCase();
    List<ConfigReader> entries = phalanx.children("llm-configs");
    if (entries.isEmpty()) {
      throw phalanx.error("llm-configs", "[] is empty; give at least one model");
    }
    List<LlmConfig> result = new ArrayList<>();
    Map<String, ConfigReader> seen = new HashMap<>();
    for (ConfigReader entry : entries) {
      LlmConfig model = new LlmConfigReader(entry).read();
      ConfigReader other = seen.putIfAbsent(model.modelId(), entry);
      if (other != null) {
        throw entry.error(
            "model-id ["
                + model.modelId()
                + "] is also that of "
                + other.path()
                + "; make model ids unique");
      }
      result.add(model);
    }
    return List.copyOf(result);
  }
}
