package io.phalanx.http.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A typed view of one JSON object of a request; a field that is null counts as absent.
 *
 * <p>Every error is a {@code ServingException} with {@code INVALID_REQUEST} whose {@code param} is
 * the field's path, such as {@code messages[0].content}.
 */
final class JsonFields {
  private static final int MOST_SHOWN = 40;

  private final ObjectNode object;
  private final String prefix;

  JsonFields(ObjectNode object, String prefix) {
    this.object = object;
    this.prefix = prefix;
  }

  /** Returns the fields of {@code node}, which the request calls {@code param}. */
  static JsonFields of(JsonNode node, String param) {
    return new JsonFields(object(node, param), param + ".");
  }

  /** Returns {@code node}, which the request calls {@code param}, as the object that it must be. */
  static ObjectNode object(JsonNode node, String param) {
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw wrong(param, node, "an object");
  }

  /** Returns the full path of a field. */
  String param(String name) {
    return prefix + name;
  }

  /** Returns the field's value, or null if it is absent. */
  @Nullable JsonNode find(String name) {
    JsonNode node = object.get(name);
    return node == null || node.isNull() ? null : node;
  }

  /** Returns the names of all fields that are present. */
  List<String> names() {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  Optional<String> string(String name) {
    return Optional.ofNullable(find(name)).map(node -> text(param(name), node));
  }

  Optional<Boolean> bool(String name) {
    JsonNode node = find(name);
    if (node == null || node.isBoolean()) {
      return Optional.ofNullable(node).map(JsonNode::booleanValue);
    }
    throw wrong(param(name), node, "true or false");
  }

  Optional<Integer> integer(String name) {
    return Optional.ofNullable(find(name)).map(node -> integer(param(name), node));
  }

  Optional<Long> longInteger(String name) {
    JsonNode node = find(name);
    if (node == null || (node.isIntegralNumber() && node.canConvertToLong())) {
      return Optional.ofNullable(node).map(JsonNode::longValue);
    }
    throw wrong(param(name), node, "a whole number of at most 64 bits");
  }

  Optional<Float> number(String name) {
    JsonNode node = find(name);
    if (node == null || (node.isNumber() && Float.isFinite(node.floatValue()))) {
      return Optional.ofNullable(node).map(JsonNode::floatValue);
    }
    throw wrong(param(name), node, "a finite number");
  }

  /** Returns the field as a JSON array of at most {@code most} elements. */
  Optional<JsonNode> array(String name, int most) {
    JsonNode node = find(name);
    if (node == null) {
      return Optional.empty();
    }
    return Optional.of(array(param(name), node, most));
  }

  static JsonNode array(String param, JsonNode node, int most) {
    if (!node.isArray()) {
      throw wrong(param, node, "a list");
    }
    if (node.size() > most) {
      throw ServingException.invalidParam(
          param, param + " has " + node.size() + " elements; it may have at most " + most + ".");
    }
    return node;
  }

  static int integer(String param, JsonNode node) {
    if (node.isIntegralNumber() && node.canConvertToInt()) {
      return node.intValue();
    }
    throw wrong(param, node, "a whole number of at most 32 bits");
  }

  static String text(String param, JsonNode node) {
    if (!node.isTextual()) {
      throw wrong(param, node, "a string");
    }
    String text = node.textValue();
    if (hasLoneSurrogate(text)) {
      throw ServingException.invalidParam(
          param, param + " has half of a surrogate pair, which is no character; send whole ones.");
    }
    return text;
  }

  static ServingException wrong(String param, JsonNode node, String expected) {
    return ServingException.invalidParam(
        param, param + " is " + show(node) + "; it must be " + expected + ".");
  }

  private static String show(JsonNode node) {
    if (node.isArray()) {
      return "a list";
    }
    if (node.isObject()) {
      return "an object";
    }
    String text = node.toString();
    return text.length() > MOST_SHOWN ? text.substring(0, MOST_SHOWN) + "..." : text;
  }

  private static boolean hasLoneSurrogate(String text) {
    return text.codePoints()
        .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
  }
}
