package io.phalanx.runtime.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A strict, typed reader of one HOCON object: every key that is read becomes a known key, and
 * {@link #rejectUnknown} refuses all others.
 *
 * <p>Each error is a {@code ServingException} with {@code INVALID_CONFIGURATION} whose text names
 * the full path, the value, what is allowed, and the file and line if they are known. A key set to
 * null counts as absent.
 */
public final class ConfigReader {
  private final String path;
  private final ConfigObject object;
  private final boolean snakeCase;
  private final TreeSet<String> known = new TreeSet<>();
  private final List<ConfigReader> descendants = new ArrayList<>();

  private ConfigReader(String path, ConfigObject object, boolean snakeCase) {
    this.path = path;
    this.object = object;
    this.snakeCase = snakeCase;
  }

  /** Returns a reader of the object at {@code path}, such as {@code phalanx.http}. */
  public static ConfigReader of(Config config, String path) {
    try {
      return new ConfigReader(path, config.getObject(path), false);
    } catch (ConfigException.Missing e) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION, path + ": missing; it must be an object", e);
    } catch (ConfigException.WrongType e) {
      throw failure(path, config.getValue(path), "must be an object { ... }");
    }
  }

  /** Returns a reader of {@code object}, whose errors call it {@code path}. */
  public static ConfigReader of(ConfigObject object, String path) {
    return new ConfigReader(path, object, false);
  }

  /**
   * Returns a reader of the same object, and of objects within it, in which {@code max_model_len}
   * means {@code max-model-len}.
   */
  public ConfigReader acceptSnakeCase() {
    return new ConfigReader(path, object, true);
  }

  /** Returns the full path of this object, such as {@code phalanx.llm-configs[0]}. */
  public String path() {
    return path;
  }

  /** Returns whether {@code key} is present and not null. */
  public boolean has(String key) {
    return find(key) != null;
  }

  /** Returns the keys that are present, in their own spelling and sorted; all count as known. */
  public List<String> keys() {
    List<String> keys = object.keySet().stream().sorted().toList();
    known.addAll(keys);
    return keys;
  }

  /** Returns a string; numbers and booleans count as their text. */
  public String string(String key) {
    return required(key, ConfigValues::string);
  }

  /** Returns a whole number. */
  public int integer(String key) {
    return integer(key, Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  /** Returns a whole number of at least 1. */
  public int positiveInt(String key) {
    return integer(key, 1, Integer.MAX_VALUE);
  }

  /** Returns a whole number within {@code min .. max}. */
  public int integer(String key, int min, int max) {
    return required(key, (at, value) -> ConfigValues.integer(at, value, min, max));
  }

  /** Returns a whole number of up to 64 bits. */
  public long longInteger(String key) {
    return required(key, ConfigValues::longInteger);
  }

  /** Returns a finite number. */
  public double number(String key) {
    return required(key, ConfigValues::number);
  }

  /** Returns a finite number within {@code min .. max}. */
  public double number(String key, double min, double max) {
    return required(key, (at, value) -> ConfigValues.number(at, value, min, max));
  }

  /** Returns true or false. */
  public boolean bool(String key) {
    return required(key, ConfigValues::bool);
  }

  /**
   * Returns a duration that is not negative, such as {@code 5 s}; a plain number is milliseconds.
   */
  public Duration duration(String key) {
    return required(key, ConfigValues::duration);
  }

  /** Returns an amount of memory in bytes that is not negative, such as {@code 2 GiB}. */
  public long bytes(String key) {
    return required(key, ConfigValues::bytes);
  }

  /**
   * Returns the constant of {@code type} that the text names, in any case and with {@code -} or
   * {@code _} between words.
   */
  public <E extends Enum<E>> E enumValue(String key, Class<E> type) {
    return required(key, (at, value) -> ConfigValues.enumValue(at, value, type));
  }

  /** Returns a list of strings. */
  public List<String> strings(String key) {
    return list(key, ConfigValues::string);
  }

  /** Returns a list of whole numbers. */
  public List<Integer> integers(String key) {
    return list(
        key, (at, value) -> ConfigValues.integer(at, value, Integer.MIN_VALUE, Integer.MAX_VALUE));
  }

  /** Returns a list of constants of {@code type}. */
  public <E extends Enum<E>> List<E> enumValues(String key, Class<E> type) {
    return list(key, (at, value) -> ConfigValues.enumValue(at, value, type));
  }

  /** Returns an object with free keys whose values are strings, in the order of its keys. */
  public Map<String, String> stringMap(String key) {
    return map(key, ConfigValues::string);
  }

  /** Returns an object with free keys whose values are numbers, in the order of its keys. */
  public Map<String, Double> numberMap(String key) {
    return map(key, ConfigValues::number);
  }

  /** Returns whatever is at {@code key}, for values that may have several types. */
  public ConfigValue value(String key) {
    return required(key, (at, value) -> value);
  }

  /** Returns the string, or empty if the key is absent. */
  public Optional<String> optionalString(String key) {
    return optional(key, ConfigValues::string);
  }

  /** Returns the whole number, or empty if the key is absent. */
  public Optional<Integer> optionalInteger(String key) {
    return optionalInteger(key, Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  /** Returns the whole number within {@code min .. max}, or empty if the key is absent. */
  public Optional<Integer> optionalInteger(String key, int min, int max) {
    return optional(key, (at, value) -> ConfigValues.integer(at, value, min, max));
  }

  /** Returns the whole number of up to 64 bits, or empty if the key is absent. */
  public Optional<Long> optionalLong(String key) {
    return optional(key, ConfigValues::longInteger);
  }

  /** Returns the finite number, or empty if the key is absent. */
  public Optional<Double> optionalNumber(String key) {
    return optional(key, ConfigValues::number);
  }

  /** Returns the finite number within {@code min .. max}, or empty if the key is absent. */
  public Optional<Double> optionalNumber(String key, double min, double max) {
    return optional(key, (at, value) -> ConfigValues.number(at, value, min, max));
  }

  /** Returns true or false, or empty if the key is absent. */
  public Optional<Boolean> optionalBool(String key) {
    return optional(key, ConfigValues::bool);
  }

  /** Returns the duration, or empty if the key is absent. */
  public Optional<Duration> optionalDuration(String key) {
    return optional(key, ConfigValues::duration);
  }

  /** Returns the amount of memory in bytes, or empty if the key is absent. */
  public Optional<Long> optionalBytes(String key) {
    return optional(key, ConfigValues::bytes);
  }

  /** Returns the constant of {@code type}, or empty if the key is absent. */
  public <E extends Enum<E>> Optional<E> optionalEnum(String key, Class<E> type) {
    return optional(key, (at, value) -> ConfigValues.enumValue(at, value, type));
  }

  /** Returns the list of strings, or empty if the key is absent. */
  public Optional<List<String>> optionalStrings(String key) {
    return has(key) ? Optional.of(strings(key)) : Optional.empty();
  }

  /** Returns a reader of the object at {@code key}. */
  public ConfigReader child(String key) {
    return required(key, this::reader);
  }

  /** Returns a reader of the object at {@code key}, or empty if the key is absent. */
  public Optional<ConfigReader> optionalChild(String key) {
    return optional(key, this::reader);
  }

  /** Returns a reader of the object at {@code key}, or of an empty object if it is absent. */
  public ConfigReader childOrEmpty(String key) {
    return optionalChild(key)
        .orElseGet(() -> new ConfigReader(pathOf(key), emptyObject(), snakeCase));
  }

  /** Returns a reader of each object in the list at {@code key}. */
  public List<ConfigReader> children(String key) {
    return list(key, this::reader);
  }

  /** Returns a reader of each object in the list at {@code key}; none if the key is absent. */
  public List<ConfigReader> childrenOrEmpty(String key) {
    return has(key) ? children(key) : List.of();
  }

  /** Declares keys that others read, so that {@link #rejectUnknown} lets them pass. */
  public ConfigReader know(String... keys) {
    known.addAll(List.of(keys));
    return this;
  }

  /** Refuses every key, here and in the objects read from here, that nobody has asked for. */
  public void rejectUnknown() {
    for (String key : object.keySet().stream().sorted().toList()) {
      if (!known.contains(key) && !known.contains(canonical(key))) {
        String hint =
            NearestName.of(canonical(key), known)
                .map(name -> "did you mean [" + name + "]?")
                .orElse(known.isEmpty() ? "none is allowed here" : "known are " + known);
        throw failure(pathOf(key), object.get(key), "unknown key; " + hint);
      }
    }
    descendants.forEach(ConfigReader::rejectUnknown);
  }

  /**
   * Returns the exception for a value of {@code key} that is refused for {@code problem}, such as
   * {@code "[3] does not divide the model's 8 heads; use 1, 2, 4 or 8"}.
   */
  public ServingException error(String key, String problem) {
    ConfigValue value = find(key);
    return failure(pathOf(key), value, problem);
  }

  /** Returns the exception for this object as a whole being refused for {@code problem}. */
  public ServingException error(String problem) {
    return failure(path, object, problem);
  }

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

  private ConfigReader reader(String at, ConfigValue value) {
    if (!(value instanceof ConfigObject child)) {
      throw failure(at, value, ConfigValues.show(value) + " is not an object { ... }");
    }
    ConfigReader reader = new ConfigReader(at, child, snakeCase);
    descendants.add(reader);
    return reader;
  }

  private <T> T required(String key, BiFunction<String, ConfigValue, T> read) {
    return optional(key, read)
        .orElseThrow(() -> failure(pathOf(key), object, "missing; it must be set"));
  }

  private <T> Optional<T> optional(String key, BiFunction<String, ConfigValue, T> read) {
    ConfigValue value = find(key);
    return value == null ? Optional.empty() : Optional.of(read.apply(pathOf(key), value));
  }

  private <T> List<T> list(String key, BiFunction<String, ConfigValue, T> read) {
    ConfigValue value = value(key);
    if (!(value instanceof ConfigList elements)) {
      throw failure(pathOf(key), value, ConfigValues.show(value) + " is not a list [ ... ]");
    }
    List<T> result = new ArrayList<>();
    for (ConfigValue element : elements) {
      result.add(read.apply(pathOf(key) + "[" + result.size() + "]", element));
    }
    return List.copyOf(result);
  }

  private <T> Map<String, T> map(String key, BiFunction<String, ConfigValue, T> read) {
    ConfigReader child = child(key);
    Map<String, T> result = new LinkedHashMap<>();
    for (String name : child.keys()) {
      result.put(name, read.apply(child.pathOf(name), child.value(name)));
    }
    return result;
  }

  private @Nullable ConfigValue find(String key) {
    known.add(key);
    ConfigValue value = present(key);
    if (!snakeCase || key.indexOf('-') < 0) {
      return value;
    }
    ConfigValue aliased = present(key.replace('-', '_'));
    if (value != null && aliased != null) {
      throw failure(
          pathOf(key), value, "given twice, also as [" + key.replace('-', '_') + "]; keep one");
    }
    return value != null ? value : aliased;
  }

  private @Nullable ConfigValue present(String key) {
    ConfigValue value = object.get(key);
    return value == null || value.valueType() == ConfigValueType.NULL ? null : value;
  }

  private String canonical(String key) {
    return snakeCase ? key.replace('_', '-') : key;
  }

  private String pathOf(String key) {
    boolean aliased = snakeCase && !object.containsKey(key);
    String spelled = aliased ? key.replace('-', '_') : key;
    return path + "." + (aliased && object.containsKey(spelled) ? spelled : key);
  }

  private static ConfigObject emptyObject() {
    return ConfigValueFactory.fromMap(Map.of());
  }
}
