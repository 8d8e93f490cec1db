package io.phalanx.llm.models;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.phalanx.llm.models.ModelConfig.AttentionConfig;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads a Hugging Face {@code config.json}, older and newer spellings, and checks every value. */
final class ModelConfigReader {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final long MAX_FILE_BYTES = 4 << 20;
  private static final int MAX_DIMENSION = 1 << 24;
  private static final int MAX_LAYERS = 4096;
  private static final int MAX_HEADS = 4096;
  private static final int MAX_HEAD_DIM = 4096;
  private static final double DEFAULT_ROPE_THETA = 10_000;

  private final Path file;
  private final JsonNode json;

  private ModelConfigReader(Path file, JsonNode json) {
    this.file = file;
    this.json = json;
  }

  static ModelConfig read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw invalid(file, "no such file; a model directory must hold a config.json", null);
    }
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw invalid(file, "larger than 4 MiB, which no config.json is", null);
      }
      JsonNode json = MAPPER.readTree(Files.readAllBytes(file));
      if (!json.isObject()) {
        throw invalid(file, "not a JSON object", null);
      }
      return new ModelConfigReader(file, json).config();
    } catch (JsonProcessingException e) {
      throw invalid(file, "not valid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw invalid(file, "cannot be read: " + e.getMessage(), e);
    }
  }

  private ModelConfig config() {
    String name = json.path("architectures").path(0).asText("");
    ModelRegistry architecture =
        ModelRegistry.find(name)
            .orElseThrow(
                () ->
                    wrong(
                        "architectures",
                        json.path("architectures"),
                        "one of " + ModelRegistry.names()));
    int positions = integer("max_position_embeddings", Integer.MAX_VALUE);
    refuseWhatIsNotServed(positions);
    return new ModelConfig(
        name,
        integer("vocab_size", MAX_DIMENSION),
        integer("hidden_size", MAX_DIMENSION),
        integer("intermediate_size", MAX_DIMENSION),
        integer("num_hidden_layers", MAX_LAYERS),
        attention(architecture),
        flag("mlp_bias"),
        positive(json, "rms_norm_eps", 1e-6),
        rope(),
        positions,
        flag("tie_word_embeddings"),
        eosTokenIds());
  }

  private void refuseWhatIsNotServed(int positions) {
    String activation = json.path("hidden_act").asText("silu");
    if (!activation.equals("silu")) {
      throw wrong("hidden_act", json.get("hidden_act"), "\"silu\"");
    }
    if (json.hasNonNull("quantization_config")) {
      throw invalid(
          file, "quantization_config is set; only F32, F16 and BF16 weights are served", null);
    }
    JsonNode window = json.path("sliding_window");
    if (!window.isNull() && !window.isMissingNode() && usesSlidingWindow(window, positions)) {
      throw wrong("sliding_window", window, "null or unused, since only full attention is served");
    }
  }

  private boolean usesSlidingWindow(JsonNode window, int positions) {
    if (window.canConvertToInt() && window.intValue() >= positions) {
      return false;
    }
    if (json.has("use_sliding_window")) {
      return flag("use_sliding_window");
    }
    JsonNode layers = json.path("layer_types");
    for (JsonNode layer : layers) {
      if (!layer.asText().equals("full_attention")) {
        return true;
      }
    }
    return layers.isEmpty();
  }

  private AttentionConfig attention(ModelRegistry architecture) {
    int heads = integer("num_attention_heads", MAX_HEADS);
    int kvHeads =
        json.hasNonNull("num_key_value_heads") ? integer("num_key_value_heads", MAX_HEADS) : heads;
    if (heads % kvHeads != 0) {
      throw wrong(
          "num_key_value_heads",
          json.get("num_key_value_heads"),
          "a divisor of num_attention_heads, " + heads);
    }
    int hidden = integer("hidden_size", MAX_DIMENSION);
    if (!json.hasNonNull("head_dim") && hidden % heads != 0) {
      throw wrong("hidden_size", json.get("hidden_size"), "a multiple of " + heads + " heads");
    }
    int headDim = json.hasNonNull("head_dim") ? integer("head_dim", MAX_HEAD_DIM) : hidden / heads;
    if (headDim % 2 != 0) {
      throw invalid(file, "head_dim is " + headDim + "; it must be even", null);
    }
    boolean bias = flag("attention_bias");
    return new AttentionConfig(
        heads, kvHeads, headDim, bias || architecture.qkvBias(), bias, architecture.headNorm());
  }

  /**
   * Reads {@code rope_parameters}, or its older spelling {@code rope_theta} + {@code rope_scaling}.
   */
  private RopeConfig rope() {
    JsonNode parameters = object("rope_parameters");
    JsonNode scaling = parameters.isObject() ? parameters : object("rope_scaling");
    JsonNode thetaHolder = parameters.has("rope_theta") ? parameters : json;
    double theta = positive(thetaHolder, "rope_theta", DEFAULT_ROPE_THETA);
    if (scaling.path("partial_rotary_factor").asDouble(1) != 1
        || json.path("partial_rotary_factor").asDouble(1) != 1) {
      throw invalid(file, "partial_rotary_factor is set; only whole heads are rotated", null);
    }
    String type = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
    return switch (type) {
      case "default" -> RopeConfig.unscaled(theta);
      case "linear" -> new RopeConfig(theta, positive(scaling, "factor", Double.NaN), null);
      case "llama3" -> new RopeConfig(theta, 1, llama3(scaling));
      default ->
          throw invalid(
              file, "rope_type is \"" + type + "\"; it must be default, linear or llama3", null);
    };
  }

  /** Returns an object, or a node without fields where the file has none. */
  private JsonNode object(String field) {
    JsonNode value = json.path(field);
    if (!value.isObject() && !value.isNull() && !value.isMissingNode()) {
      throw wrong(field, value, "an object or null");
    }
    return value;
  }

  private RopeConfig.Llama3Scaling llama3(JsonNode scaling) {
    double low = positive(scaling, "low_freq_factor", Double.NaN);
    double high = positive(scaling, "high_freq_factor", Double.NaN);
    if (low >= high) {
      throw wrong("low_freq_factor", scaling.get("low_freq_factor"), "below high_freq_factor");
    }
    double positions = positive(scaling, "original_max_position_embeddings", Double.NaN);
    return new RopeConfig.Llama3Scaling(
        positive(scaling, "factor", Double.NaN), low, high, (int) positions);
  }

  private Set<Integer> eosTokenIds() {
    JsonNode ids = json.path("eos_token_id");
    Set<Integer> result = new LinkedHashSet<>();
    for (JsonNode id : ids.isArray() ? ids : MAPPER.createArrayNode().add(ids)) {
      if (id.isNull() || id.isMissingNode()) {
        continue;
      }
      if (!id.canConvertToInt() || !id.isIntegralNumber() || id.intValue() < 0) {
        throw wrong("eos_token_id", id, "a token id or a list of token ids");
      }
      result.add(id.intValue());
    }
    return result;
  }

  private int integer(String field, int max) {
    JsonNode value = json.path(field);
    boolean fits = value.isIntegralNumber() && value.canConvertToInt();
    if (!fits || value.intValue() < 1 || value.intValue() > max) {
      throw wrong(field, value, "an integer from 1 to " + max);
    }
    return value.intValue();
  }

  /** A positive finite number; {@code NaN} as default means that the field must be there. */
  private double positive(JsonNode holder, String field, double defaultValue) {
    JsonNode value = holder.path(field);
    boolean absent = value.isMissingNode() || value.isNull();
    double number = absent ? defaultValue : value.isNumber() ? value.doubleValue() : Double.NaN;
    if (!(number > 0) || Double.isInfinite(number)) {
      throw wrong(field, value, "a number above 0");
    }
    return number;
  }

  private boolean flag(String field) {
    JsonNode value = json.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return false;
    }
    if (!value.isBoolean()) {
      throw wrong(field, value, "true or false");
    }
    return value.booleanValue();
  }

  private ServingException wrong(String field, JsonNode value, String allowed) {
    String found = value == null || value.isMissingNode() ? "missing" : value.toString();
    return invalid(file, field + " is " + found + "; it must be " + allowed, null);
  }

  private static ServingException invalid(Path file, String reason, @Nullable Throwable cause) {
    return new ServingException(ErrorCode.INVALID_MODEL, file + ": " + reason + ".", cause);
  }
}
