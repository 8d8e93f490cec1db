package io.phalanx.http.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.ConfigException;
import io.phalanx.http.model.PlanRequest.Wanted;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ReplicaBundles;
import io.phalanx.placement.Bundle;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementOptions;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.config.NearestName;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Reads the groups of a {@link PlanRequest}. */
final class WantedGroup {
  private static final int MOST_BUNDLES = 10_000;
  private static final String UNNAMED = "plan";
  private static final Set<String> OF_MODEL = Set.of("llm_config");
  private static final Set<String> OF_BUNDLES =
      Set.of(
          "name",
          "count",
          "bundles",
          "bundle_label_selector",
          "strategy",
          "keep_together",
          "topology_label",
          "soft_target_node");

  private WantedGroup() {}

  /**
   * Reads a group, or the groups of a model's first replicas.
   *
   * @param others further fields that the object may have
   */
  static Wanted read(JsonFields fields, Set<String> others) {
    JsonNode model = fields.find("llm_config");
    Set<String> known = new HashSet<>(model == null ? OF_BUNDLES : OF_MODEL);
    known.addAll(others);
    requireKnown(fields, known);
    return model == null ? ofBundles(fields) : ofModel(fields.param("llm_config"), model);
  }

  static void requireKnown(JsonFields fields, Set<String> known) {
    for (String name : fields.names()) {
      if (!known.contains(name)) {
        String hint =
            NearestName.of(name, known).map(near -> "; did you mean " + near + "?").orElse(".");
        throw ServingException.invalidParam(
            fields.param(name), fields.param(name) + " is not a field here" + hint);
      }
    }
  }

  private static Wanted ofModel(String param, JsonNode model) {
    ObjectNode entry = JsonFields.object(model, param);
    LlmConfig config = naming(param, () -> LlmConfigJson.read(entry));
    int replicas = config.deploymentConfig().autoscaling().minReplicas();
    int count = Math.max(1, replicas) * config.parallel().dataParallelSize();
    return new Wanted(ReplicaBundles.group(config, config.modelId()), count);
  }

  private static Wanted ofBundles(JsonFields fields) {
    String name = fields.string("name").filter(text -> !text.isBlank()).orElse(UNNAMED);
    List<Bundle> bundles = bundles(fields);
    PlacementOptions options =
        new PlacementOptions(
            atLeastOne(fields, "keep_together"),
            fields.string("topology_label"),
            fields.string("soft_target_node"),
            false);
    return new Wanted(
        new PlacementGroupSpec(name, name, bundles, strategy(fields), options),
        atLeastOne(fields, "count"));
  }

  private static int atLeastOne(JsonFields fields, String name) {
    int value = fields.integer(name).orElse(1);
    if (value < 1 || value > MOST_BUNDLES) {
      throw ServingException.invalidParam(
          fields.param(name),
          "%s is %d; it must be 1 to %d.".formatted(fields.param(name), value, MOST_BUNDLES));
    }
    return value;
  }

  private static PlacementStrategy strategy(JsonFields fields) {
    String name = fields.string("strategy").orElse(PlacementStrategy.PACK.name());
    return Arrays.stream(PlacementStrategy.values())
        .filter(strategy -> strategy.name().equals(name.toUpperCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                ServingException.invalidParam(
                    fields.param("strategy"),
                    "%s is \"%.40s\"; it must be one of %s."
                        .formatted(
                            fields.param("strategy"),
                            name,
                            Arrays.toString(PlacementStrategy.values()))));
  }

  private static List<Bundle> bundles(JsonFields fields) {
    JsonNode list =
        fields
            .array("bundles", MOST_BUNDLES)
            .filter(node -> !node.isEmpty())
            .orElseThrow(
                () ->
                    ServingException.invalidParam(
                        fields.param("bundles"),
                        fields.param("bundles")
                            + " is missing or empty; give at least one, such as [{\"GPU\": 1}]."));
    List<Map<String, String>> selectors = selectors(fields, list.size());
    List<Bundle> bundles = new ArrayList<>();
    for (JsonNode element : list) {
      String param = fields.param("bundles") + "[" + bundles.size() + "]";
      Map<String, Double> amounts = amounts(JsonFields.of(element, param));
      Map<String, String> selector = selectors.get(bundles.size());
      bundles.add(naming(param, () -> new Bundle(Resources.of(amounts), selector)));
    }
    return bundles;
  }

  private static List<Map<String, String>> selectors(JsonFields fields, int count) {
    List<Map<String, String>> selectors = new ArrayList<>();
    Optional<JsonNode> list = fields.array("bundle_label_selector", MOST_BUNDLES);
    String param = fields.param("bundle_label_selector");
    if (list.isPresent() && list.get().size() != count) {
      throw ServingException.invalidParam(
          param,
          "%s has %d elements for %d bundles; give one for each, {} for none."
              .formatted(param, list.get().size(), count));
    }
    for (int index = 0; index < count; index++) {
      selectors.add(
          list.isPresent()
              ? texts(JsonFields.of(list.get().get(index), param + "[" + index + "]"))
              : Map.of());
    }
    return selectors;
  }

  static Map<String, Double> amounts(JsonFields fields) {
    Map<String, Double> amounts = new HashMap<>();
    for (String name : fields.names()) {
      JsonNode node = fields.find(name);
      if (node != null && !node.isNumber()) {
        throw JsonFields.wrong(fields.param(name), node, "a number");
      }
      amounts.put(name, node == null ? 0 : node.doubleValue());
    }
    return amounts;
  }

  static Map<String, String> texts(JsonFields fields) {
    Map<String, String> texts = new HashMap<>();
    for (String name : fields.names()) {
      fields.string(name).ifPresent(text -> texts.put(name, text));
    }
    return texts;
  }

  /** Says of what {@code make} refuses which field it is. */
  static <T> T naming(String param, Supplier<T> make) {
    try {
      return make.get();
    } catch (ServingException e) {
      throw ServingException.invalidParam(param, param + ": " + e.reason());
    } catch (ConfigException e) {
      throw ServingException.invalidParam(param, param + ": " + e.getMessage());
    }
  }
}
