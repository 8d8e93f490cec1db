package io.phalanx.llm.serving;

import java.util.regex.Pattern;

/**
 * The names of replicas and of their placement groups: model id, gang, and four digits that tell a
 * replica from earlier ones in its place. A group is named so that it says whose it is.
 */
final class ReplicaNames {
  private static final Pattern PLACE = Pattern.compile("-[0-9]+(\\.[0-9]+)?-[0-9a-f]{4}");

  private ReplicaNames() {}

  /** Returns a replica's name, also the id of its group, without what paths could not hold. */
  static String replica(String modelId, String place) {
    return modelId.replaceAll("[^A-Za-z0-9.-]", "-") + "-" + place;
  }

  /** Returns the name of a replica's group. */
  static String group(String modelId, String replica) {
    return modelId + replica.substring(replica(modelId, "").length() - 1);
  }

  /** Returns whether a group of this name belongs to a replica of the model. */
  static boolean isOf(String modelId, String groupName) {
    return groupName.startsWith(modelId)
        && PLACE.matcher(groupName.substring(modelId.length())).matches();
  }
}
