package io.phalanx.runtime.config;

import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * The keys of one HOCON object: where each is and what it holds, which spellings of it count, and
 * which of them somebody has asked for.
 */
final class ConfigKeys {
  private final String path;
  private final ConfigObject object;
  private final boolean snakeCase;
  private final TreeSet<String> known = new TreeSet<>();

  /**
   * Creates the keys of {@code object}, nothing asked for yet.
   *
   * @param snakeCase whether {@code max_model_len} means {@code max-model-len}
   */
  ConfigKeys(String path, ConfigObject object, boolean snakeCase) {
    this.path = path;
    this.object = object;
    this.snakeCase = snakeCase;
  }

  ConfigKeys acceptSnakeCase() {
    return new ConfigKeys(path, object, true);
  }

  /** Returns the keys of an object within this one, with the same spellings. */
  ConfigKeys at(String childPath, ConfigObject child) {
    return new ConfigKeys(childPath, child, snakeCase);
  }

  /** Returns the keys of the object at {@code key}. */
  ConfigKeys child(String key, ConfigObject child) {
    return at(pathOf(key), child);
  }

  String path() {
    return path;
  }

  ConfigObject object() {
    return object;
  }

  /** Returns the keys that are present, in their own spelling and sorted. */
  List<String> present() {
    return object.keySet().stream().sorted().toList();
  }

  void know(Collection<String> keys) {
    known.addAll(keys);
  }

  /** Refuses every key that nobody has asked for. */
  void rejectUnknown() {
    for (String key : present()) {
      if (!known.contains(key) && !known.contains(canonical(key))) {
        String hint =
            NearestName.of(canonical(key), known)
                .map(name -> "did you mean [" + name + "]?")
                .orElse(known.isEmpty() ? "none is allowed here" : "known are " + known);
        throw failure(pathOf(key), object.get(key), "unknown key; " + hint);
      }
    }
  }

  /** Returns the exception for a refused value, with the place that it came from. */
  static ServingException failure(String path, @Nullable ConfigValue value, String problem) {
    return new ServingException(
        ErrorCode.INVALID_CONFIGURATION, path + ": " + problem + where(value));
  }

  private static String where(@Nullable ConfigValue value) {
    if (value == null) {
      return "";
    }
    ConfigOrigin origin = value.origin();
    String source = origin.filename() != null ? origin.filename() : origin.resource();
    if (source == null) {
      return " (" + origin.description() + ")";
    }
    return origin.lineNumber() > 0
        ? " (" + source + ":" + origin.lineNumber() + ")"
        : " (" + source + ")";
  }

  /** Returns the value of a key, which counts as known from now on; null if it is absent. */
  @Nullable ConfigValue find(String key) {
    known.add(key);
    ConfigValue value = valueOf(key);
    if (!snakeCase || key.indexOf('-') < 0) {
      return value;
    }
    ConfigValue aliased = valueOf(key.replace('-', '_'));
    if (value != null && aliased != null) {
      throw failure(
          pathOf(key), value, "given twice, also as [" + key.replace('-', '_') + "]; keep one");
    }
    return value != null ? value : aliased;
  }

  /** Returns what {@code read} makes of a key's path and value; refuses its absence. */
  <T> T required(String key, BiFunction<String, ConfigValue, T> read) {
    return optional(key, read)
        .orElseThrow(() -> failure(pathOf(key), object, "missing; it must be set"));
  }

  /** Returns what {@code read} makes of a key's path and value, or empty if it is absent. */
  <T> Optional<T> optional(String key, BiFunction<String, ConfigValue, T> read) {
    ConfigValue value = find(key);
    return value == null ? Optional.empty() : Optional.of(read.apply(pathOf(key), value));
  }

  /** Returns what {@code read} makes of each element of the list at a key. */
  <T> List<T> list(String key, BiFunction<String, ConfigValue, T> read) {
    ConfigValue value = required(key, (at, found) -> found);
    if (!(value instanceof ConfigList elements)) {
      throw failure(pathOf(key), value, ConfigValues.show(value) + " is not a list [ ... ]");
    }
    List<T> result = new ArrayList<>();
    for (ConfigValue element : elements) {
      result.add(read.apply(pathOf(key) + "[" + result.size() + "]", element));
    }
    return List.copyOf(result);
  }

  private @Nullable ConfigValue valueOf(String key) {
    ConfigValue value = object.get(key);
    return value == null || value.valueType() == ConfigValueType.NULL ? null : value;
  }

  private String canonical(String key) {
    return snakeCase ? key.replace('_', '-') : key;
  }

  /** Returns the full path of a key, as the object spells it. */
  String pathOf(String key) {
    boolean aliased = snakeCase && !object.containsKey(key);
    String spelled = aliased ? key.replace('-', '_') : key;
    return path + "." + (aliased && object.containsKey(spelled) ? spelled : key);
  }
}
