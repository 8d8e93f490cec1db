package io.phalanx.http.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.http.model.PlanRequest.Wanted;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementTables;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.PlanResult.Infeasible;
import io.phalanx.placement.PlanResult.NoResources;
import io.phalanx.placement.PlanResult.Planned;
import io.phalanx.placement.scheduling.ImaginedCluster;
import java.util.ArrayList;
import java.util.List;

/**
 * What became of a {@link PlanRequest}: its groups, placed one after the other.
 *
 * @param nodes the nodes as they were thought to be
 * @param entries one for each group that was planned
 */
public record PlanAnswer(List<NodeView> nodes, List<Entry> entries) {
  /** The header that says, also beside a table, whether every group has a place. */
  public static final String FITS_HEADER = "Phalanx-Plan-Fits";

  /**
   * One group.
   *
   * @param spec what was asked for
   * @param number which of the equal groups, from 0
   * @param further how many equal groups were not tried, because this one has no place
   * @param result where it would go, or why nowhere
   */
  public record Entry(PlacementGroupSpec spec, int number, int further, PlanResult result) {
    boolean fits() {
      return result instanceof Planned;
    }
  }

  /** Copies the lists. */
  public PlanAnswer {
    nodes = List.copyOf(nodes);
    entries = List.copyOf(entries);
  }

  /** Plans a request on the cluster as it is. */
  public static PlanAnswer of(PlanRequest request, List<NodeView> live) {
    request.requireNodes(live);
    List<NodeView> nodes = request.change().applyTo(live);
    ImaginedCluster cluster = new ImaginedCluster(nodes);
    List<Entry> entries = new ArrayList<>();
    request.groups().forEach(wanted -> place(wanted, cluster, entries));
    return new PlanAnswer(nodes, entries);
  }

  /** Equal groups ask for the same: where one has no place, the next ones have none either. */
  private static void place(Wanted wanted, ImaginedCluster cluster, List<Entry> entries) {
    for (int number = 0; number < wanted.count(); number++) {
      PlanResult result = cluster.place(wanted.spec());
      boolean fits = result instanceof Planned;
      int further = fits ? 0 : wanted.count() - number - 1;
      entries.add(new Entry(wanted.spec(), number, further, result));
      if (!fits) {
        return;
      }
    }
  }

  /** Returns whether every group has a place. */
  public boolean fits() {
    return entries.stream().allMatch(Entry::fits);
  }

  /** Returns the answer as JSON. */
  public ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("object", "placement.plan").put("fits", fits());
    ArrayNode groups = json.putArray("groups");
    entries.forEach(entry -> groups.add(toJson(entry)));
    return json;
  }

  private ObjectNode toJson(Entry entry) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("name", entry.spec().displayName()).put("number", entry.number());
    json.put("strategy", entry.spec().strategy().name());
    if (entry.result() instanceof Planned planned) {
      json.put("result", "PLANNED").put("optimal", planned.optimal());
      ArrayNode bundles = json.putArray("bundles");
      for (int index : planned.sites().keySet().stream().sorted().toList()) {
        ObjectNode bundle = PlacementJson.bundle(entry.spec(), index);
        PlacementJson.putSite(
            bundle, planned.site(index).nodeId(), planned.site(index).deviceIndexes(), nodes);
        bundles.add(bundle);
      }
    } else if (entry.result() instanceof NoResources none) {
      json.put("result", "NO_RESOURCES").put("further", entry.further());
      json.set("explanation", PlacementJson.putExplanation(object(), none.explanation()));
    } else if (entry.result() instanceof Infeasible infeasible) {
      json.put("result", "INFEASIBLE").put("further", entry.further());
      json.set("explanation", PlacementJson.putExplanation(object(), infeasible.explanation()));
    }
    return json;
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** Returns the answer as plain text for people. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (Entry entry : entries) {
      lines.add(
          "%s, replica %d, %s %s"
              .formatted(
                  entry.spec().displayName(),
                  entry.number(),
                  entry.spec().strategy(),
                  entry.fits() ? "would be placed:" : "would wait:"));
      PlacementTables.plan(entry.spec(), entry.result(), nodes)
          .forEach(line -> lines.add("  " + line));
      if (entry.further() > 0) {
        lines.add("  and so would %d more".formatted(entry.further()));
      }
    }
    return lines;
  }
}
