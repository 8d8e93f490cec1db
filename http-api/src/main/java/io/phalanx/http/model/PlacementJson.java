package io.phalanx.http.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.placement.Bundle;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.placement.DeviceUse;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupStats;
import io.phalanx.placement.GroupView;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupManager.Groups;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.Remedy;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.device.DeviceSlot;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Nodes and placement groups as JSON; amounts are numbers in units, {@code memory} in bytes. */
public final class PlacementJson {
  private PlacementJson() {}

  /** Returns {@code {"object": "list", "data": [...]}} of all nodes. */
  public static ObjectNode nodes(Groups cluster) {
    ObjectNode json = JsonNodes.list();
    cluster.nodes().forEach(node -> json.withArray("data").add(node(node, cluster.groups())));
    return json;
  }

  private static ObjectNode node(NodeView view, List<GroupView> groups) {
    ObjectNode json = JsonNodes.object();
    json.put("id", view.nodeId()).put("address", view.address());
    view.node().roles().forEach(json.putArray("roles")::add);
    json.set("labels", texts(view.node().labels()));
    json.put("draining", view.draining());
    json.set("total", amounts(view.node().total()));
    json.set("free", amounts(view.freeWithGpus()));
    ArrayNode devices = json.putArray("devices");
    DeviceUse.of(view, groups).forEach(use -> devices.add(use(use)));
    return json;
  }

  private static ObjectNode use(DeviceUse use) {
    ObjectNode json = device(use.slot());
    number(json, "free", use.free());
    ArrayNode holders = json.putArray("held_by");
    for (DeviceUse.Holder holder : use.holders()) {
      ObjectNode held = holders.addObject();
      held.put("group", holder.group()).put("bundle", holder.bundleIndex());
      number(held, "share", holder.share());
    }
    return json;
  }

  private static ObjectNode device(DeviceSlot slot) {
    ObjectNode json = JsonNodes.object();
    json.put("index", slot.index()).put("name", slot.name()).put("logical", slot.logical());
    return slot.uuid().isEmpty() ? json : json.put("uuid", slot.uuid());
  }

  /** Returns {@code {"object": "list", "data": [...]}} of all groups. */
  public static ObjectNode groups(Groups cluster) {
    ObjectNode json = JsonNodes.list();
    for (GroupView group : cluster.groups()) {
      json.withArray("data").add(group(group, cluster.nodes()));
    }
    return json;
  }

  /** Returns one group: what was asked for, where it is, and how it came there. */
  public static ObjectNode group(GroupView view, List<NodeView> nodes) {
    ObjectNode json = JsonNodes.object();
    PlacementGroupSpec spec = view.spec();
    json.put("object", "placement.group").put("id", spec.id()).put("name", spec.name());
    json.put("strategy", spec.strategy().name()).put("state", view.state().name());
    json.put("detail", view.detail().name()).put("detached", spec.options().detached());
    ArrayNode bundles = json.putArray("bundles");
    for (int index = 0; index < spec.bundles().size(); index++) {
      bundles.add(bundle(spec, index, view.placements(), nodes));
    }
    json.set("stats", stats(view.stats()));
    return json;
  }

  private static ObjectNode bundle(
      PlacementGroupSpec spec, int index, List<BundlePlacement> placed, List<NodeView> nodes) {
    ObjectNode json = bundle(spec, index);
    placed.stream()
        .filter(placement -> placement.bundleIndex() == index)
        .forEach(site -> putSite(json, site.nodeId(), site.deviceIndexes(), nodes));
    return json;
  }

  /** Returns what a bundle asks for. */
  static ObjectNode bundle(PlacementGroupSpec spec, int index) {
    Bundle bundle = spec.bundles().get(index);
    ObjectNode json = JsonNodes.object().put("index", index);
    json.set("resources", amounts(bundle.resources()));
    json.set("label_selector", texts(bundle.labelSelector()));
    return json;
  }

  /** Adds the node of a bundle and its devices there. */
  static void putSite(
      ObjectNode json, String nodeId, List<Integer> deviceIndexes, List<NodeView> nodes) {
    Optional<NodeInfo> node =
        nodes.stream().map(NodeView::node).filter(info -> info.nodeId().equals(nodeId)).findFirst();
    json.put("node", nodeId).put("address", node.map(NodeInfo::address).orElse(nodeId));
    ArrayNode devices = json.putArray("devices");
    for (int index : deviceIndexes) {
      devices.add(
          node.map(info -> device(info.devices().get(index)))
              .orElseGet(() -> JsonNodes.object().put("index", index)));
    }
  }

  private static ObjectNode stats(GroupStats stats) {
    return JsonNodes.object()
        .put("attempts", stats.attempts())
        .put("scheduling_micros", stats.schedulingMicros())
        .put("creation_micros", stats.creationMicros())
        .put("highest_retry_delay_millis", stats.highestRetryDelayMillis());
  }

  /** Returns why a group waits, if it does. */
  public static ObjectNode explanation(GroupView view) {
    ObjectNode json = JsonNodes.object();
    json.put("object", "placement.explanation").put("id", view.spec().id());
    json.put("state", view.state().name()).put("detail", view.detail().name());
    json.put("waits", !view.explanation().equals(Explanation.NONE));
    return putExplanation(json, view.explanation());
  }

  /** Adds the sentence, the reasons by bundles and nodes, and what would help. */
  static ObjectNode putExplanation(ObjectNode json, Explanation explanation) {
    json.put("summary", explanation.summary());
    ArrayNode obstacles = json.putArray("obstacles");
    for (Explanation.Obstacle obstacle : explanation.obstacles()) {
      ObjectNode reason = obstacles.addObject();
      obstacle.bundles().forEach(reason.putArray("bundles")::add);
      obstacle.addresses().forEach(reason.putArray("nodes")::add);
      reason.put("reason", obstacle.reason());
    }
    ArrayNode remedies = json.putArray("remedies");
    for (Remedy remedy : explanation.remedies()) {
      remedies.addObject().put("kind", kind(remedy)).put("would_fit", remedy.inWords());
    }
    return json;
  }

  /** {@code AddNodes} is {@code add_nodes}. */
  private static String kind(Remedy remedy) {
    String name = remedy.getClass().getSimpleName();
    return name.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
  }

  /** Returns resources by name, ascending. */
  static ObjectNode amounts(Resources resources) {
    ObjectNode json = JsonNodes.object();
    new TreeMap<>(resources.tenThousandths()).forEach((name, amount) -> number(json, name, amount));
    return json;
  }

  private static void number(ObjectNode json, String name, long tenThousandths) {
    if (tenThousandths % Resources.UNIT == 0) {
      json.put(name, tenThousandths / Resources.UNIT);
    } else {
      json.put(name, (double) tenThousandths / Resources.UNIT);
    }
  }

  private static ObjectNode texts(Map<String, String> texts) {
    ObjectNode json = JsonNodes.object();
    new TreeMap<>(texts).forEach(json::put);
    return json;
  }
}
