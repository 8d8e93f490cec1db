package io.phalanx.placement;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.HashMap;
import java.util.Map;

/**
 * Resources that are reserved together on one node; a bundle never spans nodes.
 *
 * @param resources what is reserved; not all zero; of {@code GPU} either less than 1 (a share of
 *     one device) or a whole number
 * @param labelSelector label to condition, all of which the node must meet: {@code v}, {@code !v},
 *     {@code in(a,b)} or {@code !in(a,b)}
 */
public record Bundle(Resources resources, Map<String, String> labelSelector) {

  /** Validates the amounts and the conditions. */
  public Bundle {
    labelSelector = Map.copyOf(labelSelector);
    if (resources.isZero()) {
      throw invalid("a bundle must ask for something: give one amount above 0, such as GPU = 1");
    }
    long gpus = resources.get(Resources.GPU);
    if (gpus > Resources.UNIT && gpus % Resources.UNIT != 0) {
      throw invalid(
          "bundle GPU = %s must be below 1 (a share of one device) or whole: give %d or %d"
              .formatted(Resources.text(gpus), gpus / Resources.UNIT, gpus / Resources.UNIT + 1));
    }
    labelSelector.forEach(LabelCondition::parse);
  }

  /** Returns a bundle that may lie on any node. */
  public static Bundle of(Resources resources) {
    return new Bundle(resources, Map.of());
  }

  /** Returns a bundle of this many GPUs that may lie on any node. */
  public static Bundle ofGpus(double gpus) {
    return of(Resources.ofGpus(gpus));
  }

  /** Returns whether a node with these labels meets every condition. */
  public boolean accepts(Map<String, String> labels) {
    return labelSelector.isEmpty() || unmetCondition(labels).isEmpty();
  }

  /** Returns labels with which a node would meet every condition: as few as do. */
  public Map<String, String> acceptedLabels() {
    Map<String, String> labels = new HashMap<>();
    labelSelector.forEach(
        (label, text) -> {
          LabelCondition condition = LabelCondition.parse(label, text);
          if (!condition.negated()) {
            labels.put(label, condition.values().get(0));
          }
        });
    return labels;
  }

  /** Returns this bundle without its condition on a label. */
  public Bundle withoutCondition(String label) {
    Map<String, String> rest = new HashMap<>(labelSelector);
    rest.remove(label);
    return new Bundle(resources, rest);
  }

  /** Returns the first condition that a node with these labels fails, in words, or "". */
  public String unmetCondition(Map<String, String> labels) {
    return labelSelector.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(entry -> LabelCondition.parse(entry.getKey(), entry.getValue()))
        .filter(condition -> !condition.isMetBy(labels))
        .map(condition -> condition.describe(labels))
        .findFirst()
        .orElse("");
  }

  private static ServingException invalid(String message) {
    return new ServingException(ErrorCode.INVALID_CONFIGURATION, message);
  }
}
