package io.phalanx.llm;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Which model to serve and where its files are.
 *
 * @param modelId the id that requests name
 * @param modelSource {@code embedded}, an existing directory, or {@code org/name[@revision]} on the
 *     hub
 * @param tokenizerSource where the tokenizer's files are, if not with the model
 */
public record ModelLoadingConfig(
    String modelId, String modelSource, Optional<String> tokenizerSource) {
  private static final Pattern MODEL_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/+-]{0,199}");

  /** Checks the id. */
  public ModelLoadingConfig {
    if (!MODEL_ID.matcher(modelId).matches()) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "model-loading-config.model-id is ["
              + modelId
              + "]; it must have 1 to 200 letters, digits and . _ : / + - and begin with a letter"
              + " or digit.");
    }
    if (modelSource.isBlank()) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "model-loading-config.model-source is empty; give \"embedded\", a directory or org/name.");
    }
  }
}
