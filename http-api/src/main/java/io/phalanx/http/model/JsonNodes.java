package io.phalanx.http.model;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Empty answers to fill. */
final class JsonNodes {

  private JsonNodes() {}

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** Returns a list without entries, in OpenAI's shape: {@code data} takes them. */
  static ObjectNode list() {
    ObjectNode json = object().put("object", "list");
    json.putArray("data");
    return json;
  }
}
