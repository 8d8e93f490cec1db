package io.phalanx.llm;

import io.phalanx.placement.PlacementStrategy;
import io.phalanx.runtime.config.ConfigReader;
import io.phalanx.runtime.error.ServingException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The reader of one entry of {@code phalanx.llm-configs}. */
final class LlmConfigReader {
  private final ConfigReader entry;
  private final LlmConfigBuilder builder = LlmConfig.builder();

  LlmConfigReader(ConfigReader entry) {
    this.entry = entry;
  }

  LlmConfig read() {
    RefusedKeys.refuse(entry, RefusedKeys.OF_MODEL);
    readModel(entry.child("model-loading-config"));
    entry.optionalChild("deployment-config").ifPresent(new DeploymentConfigReader(builder)::read);
    entry
        .optionalString("accelerator-type")
        .map(this::acceleratorType)
        .ifPresent(builder::acceleratorType);
    entry.optionalChild("engine-kwargs").ifPresent(new EngineKwargsReader(builder)::read);
    entry.optionalChild("placement-group-config").ifPresent(this::readPlacement);
    entry.rejectUnknown();
    try {
      return builder.build();
    } catch (ServingException e) {
      throw entry.error(e.reason());
    }
  }

  private void readModel(ConfigReader model) {
    builder.modelId(model.string("model-id"));
    model.optionalString("model-source").ifPresent(builder::modelSource);
    model.optionalString("tokenizer-source").ifPresent(builder::tokenizerSource);
  }

  private String acceleratorType(String value) {
    if (!value.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      throw entry.error("accelerator-type", "[" + value + "] is not a name such as L4 or H100");
    }
    return value.equals("A10") ? "A10G" : value;
  }

  private void readPlacement(ConfigReader placement) {
    if (!placement.has("bundles")
        && !placement.has("bundle-per-worker")
        && !placement.has("strategy")) {
      throw placement.error("{} is empty; give bundles or bundle-per-worker, and a strategy");
    }
    builder.bundles(
        placement.childrenOrEmpty("bundles").stream().map(LlmConfigReader::amounts).toList());
    placement
        .optionalChild("bundle-per-worker")
        .map(LlmConfigReader::amounts)
        .ifPresent(builder::bundlePerWorker);
    List<Map<String, String>> selectors =
        placement.childrenOrEmpty("bundle-label-selector").stream()
            .map(LlmConfigReader::labels)
            .toList();
    builder.bundleLabelSelector(selectors);
    placement.optionalEnum("strategy", PlacementStrategy.class).ifPresent(builder::strategy);
  }

  private static Map<String, Double> amounts(ConfigReader bundle) {
    Map<String, Double> result = new HashMap<>();
    bundle.keys().forEach(name -> result.put(name, bundle.number(name)));
    return result;
  }

  private static Map<String, String> labels(ConfigReader selector) {
    Map<String, String> result = new HashMap<>();
    selector.keys().forEach(name -> result.put(name, selector.string(name)));
    return result;
  }
}
