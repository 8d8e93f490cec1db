package io.phalanx.http.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.placement.ClusterChange;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The body of {@code POST /admin/placement/plan}: groups that do not exist, and how the cluster is
 * thought to change before them.
 *
 * @param groups at least one
 * @param change what is added, gone or drained
 */
public record PlanRequest(List<Wanted> groups, ClusterChange change) {
  /** Most groups of one request, repetitions counted. */
  static final int MOST_GROUPS = 1000;

  private static final Set<String> OF_CHANGE = Set.of("add_nodes", "remove_nodes", "drain_nodes");
  private static final Set<String> OF_LIST =
      Set.of("groups", "add_nodes", "remove_nodes", "drain_nodes");

  /**
   * A group that is planned, perhaps several times.
   *
   * @param spec the group
   * @param count how many such groups, at least 1
   */
  public record Wanted(PlacementGroupSpec spec, int count) {

    /** Returns the group as the body has it. */
    public ObjectNode toJson() {
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      json.put("name", spec.displayName()).put("count", count);
      json.put("strategy", spec.strategy().name());
      json.put("keep_together", spec.options().keepTogether());
      for (int index = 0; index < spec.bundles().size(); index++) {
        ObjectNode bundle = PlacementJson.bundle(spec, index);
        json.withArray("bundles").add(bundle.get("resources"));
        json.withArray("bundle_label_selector").add(bundle.get("label_selector"));
      }
      return json;
    }
  }

  /** Copies the list. */
  public PlanRequest {
    groups = List.copyOf(groups);
  }

  /**
   * Reads a body.
   *
   * @throws ServingException {@code INVALID_REQUEST} whose param is the field that is wrong
   */
  public static PlanRequest read(ObjectNode body) {
    JsonFields fields = new JsonFields(body, "");
    List<Wanted> groups = new ArrayList<>();
    JsonNode list = fields.array("groups", MOST_GROUPS).orElse(null);
    if (list == null) {
      groups.add(WantedGroup.read(fields, OF_CHANGE));
    } else {
      WantedGroup.requireKnown(fields, OF_LIST);
      for (JsonNode element : list) {
        String param = "groups[" + groups.size() + "]";
        groups.add(WantedGroup.read(JsonFields.of(element, param), Set.of()));
      }
    }
    requireSome(groups);
    return new PlanRequest(groups, ImaginedNodes.read(fields));
  }

  private static void requireSome(List<Wanted> groups) {
    long count = groups.stream().mapToLong(Wanted::count).sum();
    if (count < 1 || count > MOST_GROUPS) {
      throw ServingException.invalidParam(
          "groups",
          "groups has %d groups, repetitions counted; it must have 1 to %d."
              .formatted(count, MOST_GROUPS));
    }
  }

  /**
   * Checks that the change names nodes that there are.
   *
   * @throws ServingException {@code INVALID_REQUEST} if it does not
   */
  public void requireNodes(List<NodeView> nodes) {
    requireNodes("remove_nodes", change.withoutNodes(), nodes);
    requireNodes("drain_nodes", change.drainedNodes(), nodes);
  }

  private static void requireNodes(String param, Set<String> names, List<NodeView> nodes) {
    List<String> unknown = new ClusterChange(List.of(), names, Set.of()).unknownIn(nodes);
    if (!unknown.isEmpty()) {
      throw ServingException.invalidParam(
          param,
          "%s names %s, but the nodes are %s."
              .formatted(
                  param,
                  unknown,
                  nodes.stream().map(NodeView::address).collect(Collectors.joining(", "))));
    }
  }
}
