package io.phalanx.http.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigMemorySize;
import io.phalanx.runtime.config.NearestName;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Reads {@code --add-node gpus=8,cpus=64}: a node that is thought to be there. */
final class AddedNode {
  private static final String OPTION = "--add-node";
  private static final String LABEL = "label.";
  private static final List<String> KEYS =
      List.of("gpus", "cpus", "memory", "accelerator-type", "count", "label.NAME");

  private AddedNode() {}

  /** Returns an element of the plan's {@code add_nodes}. */
  static ObjectNode parse(String text) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    for (String part : text.split(",", -1)) {
      int at = part.indexOf('=');
      if (at < 1 || at == part.length() - 1) {
        throw wrong("[" + part + "] is not KEY=VALUE; write such as gpus=8,cpus=64");
      }
      put(node, part.substring(0, at).strip(), part.substring(at + 1).strip());
    }
    return node;
  }

  private static void put(ObjectNode node, String key, String value) {
    switch (key) {
      case "gpus", "count" -> node.put(key, integer(key, value));
      case "cpus" -> node.put("cpus", number(key, value));
      case "memory" -> node.put("memory_bytes", bytes(value));
      case "accelerator-type" -> node.put("accelerator_type", value);
      default -> {
        if (!key.startsWith(LABEL) || key.equals(LABEL)) {
          throw unknown(key);
        }
        node.withObject("/labels").put(key.substring(LABEL.length()), value);
      }
    }
  }

  private static int integer(String key, String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw wrong(key + " is [" + value + "]; it must be a whole number");
    }
  }

  private static double number(String key, String value) {
    try {
      return Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw wrong(key + " is [" + value + "]; it must be a number");
    }
  }

  private static long bytes(String value) {
    try {
      ConfigMemorySize size =
          ConfigFactory.parseMap(Map.of("memory", value)).getMemorySize("memory");
      return size.toBytes();
    } catch (ConfigException e) {
      throw wrong("memory is [" + value + "]; it must be a size such as 256GiB");
    }
  }

  private static ServingException unknown(String key) {
    String hint = NearestName.of(key, KEYS).map(near -> "; did you mean " + near + "?").orElse("");
    String known = KEYS.stream().collect(Collectors.joining(", "));
    return wrong("[" + key + "] is none of " + known + hint);
  }

  private static ServingException wrong(String problem) {
    return new ServingException(ErrorCode.INVALID_CONFIGURATION, OPTION + ": " + problem);
  }
}
