package io.phalanx.http.model;

import com.fasterxml.jackson.databind.JsonNode;
import io.phalanx.placement.ClusterChange;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceSlot;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** Reads how the cluster of a {@link PlanRequest} is thought to change. */
final class ImaginedNodes {
  private static final int MOST_NODES = 1000;
  private static final int MOST_GPUS = 1024;
  private static final Set<String> KNOWN =
      Set.of("count", "gpus", "cpus", "memory_bytes", "accelerator_type", "labels", "resources");

  private ImaginedNodes() {}

  static ClusterChange read(JsonFields fields) {
    List<NodeInfo> added = new ArrayList<>();
    int element = 0;
    for (JsonNode node : list(fields, "add_nodes")) {
      add(added, JsonFields.of(node, fields.param("add_nodes") + "[" + element++ + "]"));
    }
    return new ClusterChange(added, names(fields, "remove_nodes"), names(fields, "drain_nodes"));
  }

  private static Iterable<JsonNode> list(JsonFields fields, String name) {
    return fields.array(name, MOST_NODES).<Iterable<JsonNode>>map(node -> node).orElse(List.of());
  }

  private static Set<String> names(JsonFields fields, String name) {
    Set<String> names = new HashSet<>();
    for (JsonNode node : list(fields, name)) {
      names.add(JsonFields.text(fields.param(name), node));
    }
    return names;
  }

  private static void add(List<NodeInfo> added, JsonFields node) {
    WantedGroup.requireKnown(node, KNOWN);
    int count = integer(node, "count", 1, 1, MOST_NODES);
    if (added.size() + count > MOST_NODES) {
      throw ServingException.invalidParam(
          node.param("count"), "add_nodes has more than " + MOST_NODES + " nodes; give fewer.");
    }
    for (int i = 0; i < count; i++) {
      added.add(node(node, "added-" + (added.size() + 1)));
    }
  }

  private static NodeInfo node(JsonFields node, String name) {
    int gpus = integer(node, "gpus", 0, 0, MOST_GPUS);
    Map<String, Double> total = new HashMap<>(resources(node));
    total.put(Resources.GPU, (double) gpus);
    total.put(Resources.CPU, amount(node, "cpus"));
    total.put(Resources.MEMORY, amount(node, "memory_bytes"));
    String type = node.string("accelerator_type").orElse("");
    Map<String, String> labels = new HashMap<>();
    if (gpus > 0 && !type.isEmpty()) {
      labels.put(NodeInfo.ACCELERATOR_TYPE, type);
      total.put(NodeInfo.ACCELERATOR_RESOURCE_PREFIX + type, 1.0);
    }
    JsonNode given = node.find("labels");
    if (given != null) {
      labels.putAll(WantedGroup.texts(JsonFields.of(given, node.param("labels"))));
    }
    List<DeviceSlot> devices =
        IntStream.range(0, gpus)
            .mapToObj(index -> new DeviceSlot(index, Device.CPU, type, true))
            .toList();
    return WantedGroup.naming(
        node.param("resources"),
        () -> new NodeInfo(name, name, List.of("worker"), labels, Resources.of(total), devices));
  }

  private static Map<String, Double> resources(JsonFields node) {
    JsonNode given = node.find("resources");
    return given == null
        ? Map.of()
        : WantedGroup.amounts(JsonFields.of(given, node.param("resources")));
  }

  private static int integer(JsonFields node, String name, int absent, int least, int most) {
    int value = node.integer(name).orElse(absent);
    if (value < least || value > most) {
      throw ServingException.invalidParam(
          node.param(name),
          "%s is %d; it must be %d to %d.".formatted(node.param(name), value, least, most));
    }
    return value;
  }

  private static double amount(JsonFields node, String name) {
    JsonNode value = node.find(name);
    if (value == null) {
      return 0;
    }
    if (!value.isNumber() || !(value.doubleValue() >= 0)) {
      throw JsonFields.wrong(node.param(name), value, "a number of at least 0");
    }
    return value.doubleValue();
  }
}
