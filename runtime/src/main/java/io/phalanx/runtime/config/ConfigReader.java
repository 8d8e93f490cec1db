package io.phalanx.runtime.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * A strict, typed reader of one HOCON object: every key that is read becomes a known key, and
 * {@link #rejectUnknown} refuses all others.
 *
 * <p>Each error is a {@code ServingException} with {@code INVALID_CONFIGURATION} whose text names
 * the full path, the value, what is allowed, and the file and line if they are known. A key set to
 * null counts as absent.
 */
public final class ConfigReader {
  private final ConfigKeys keys;
  private final List<ConfigReader> descendants = new ArrayList<>();

  private ConfigReader(ConfigKeys keys) {
    this.keys = keys;
  }

  /** Returns a reader of the object at {@code path}, such as {@code phalanx.http}. */
  public static ConfigReader of(Config config, String path) {
    try {
      return of(config.getObject(path), path);
    } catch (ConfigException.Missing e) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION, path + ": missing; it must be an object", e);
    } catch (ConfigException.WrongType e) {
      throw ConfigKeys.failure(path, config.getValue(path), "must be an object { ... }");
    }
  }

  /** Returns a reader of {@code object}, whose errors call it {@code path}. */
  public static ConfigReader of(ConfigObject object, String path) {
    return new ConfigReader(new ConfigKeys(path, object, false));
  }

  /**
   * Returns a reader of the same object, and of objects within it, in which {@code max_model_len}
   * means {@code max-model-len}.
   */
  public ConfigReader acceptSnakeCase() {
    return new ConfigReader(keys.acceptSnakeCase());
  }

  /** Returns the full path of this object, such as {@code phalanx.llm-configs[0]}. */
  public String path() {
    return keys.path();
  }

  /** Returns whether {@code key} is present and not null. */
  public boolean has(String key) {
    return keys.find(key) != null;
  }

  /** Returns the keys that are present, in their own spelling and sorted; all count as known. */
  public List<String> keys() {
    List<String> present = keys.present();
    keys.know(present);
    return present;
  }

  /** Returns a string; numbers and booleans count as their text. */
  public String string(String key) {
    return keys.required(key, ConfigValues::string);
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
    return keys.required(key, (at, value) -> ConfigValues.integer(at, value, min, max));
  }

  /** Returns a whole number of up to 64 bits. */
  public long longInteger(String key) {
    return keys.required(key, ConfigValues::longInteger);
  }

  /** Returns a finite number. */
  public double number(String key) {
    return keys.required(key, ConfigValues::number);
  }

  /** Returns a finite number within {@code min .. max}. */
  public double number(String key, double min, double max) {
    return keys.required(key, (at, value) -> ConfigValues.number(at, value, min, max));
  }

  /** Returns true or false. */
  public boolean bool(String key) {
    return keys.required(key, ConfigValues::bool);
  }

  /**
   * Returns a duration that is not negative, such as {@code 5 s}; a plain number is milliseconds.
   */
  public Duration duration(String key) {
    return keys.required(key, ConfigValues::duration);
  }

  /** Returns an amount of memory in bytes that is not negative, such as {@code 2 GiB}. */
  public long bytes(String key) {
    return keys.required(key, ConfigValues::bytes);
  }

  /**
   * Returns the constant of {@code type} that the text names, in any case and with {@code -} or
   * {@code _} between words.
   */
  public <E extends Enum<E>> E enumValue(String key, Class<E> type) {
    return keys.required(key, (at, value) -> ConfigValues.enumValue(at, value, type));
  }

  /** Returns a list of strings. */
  public List<String> strings(String key) {
    return keys.list(key, ConfigValues::string);
  }

  /** Returns a list of whole numbers. */
  public List<Integer> integers(String key) {
    return keys.list(
        key, (at, value) -> ConfigValues.integer(at, value, Integer.MIN_VALUE, Integer.MAX_VALUE));
  }

  /** Returns a list of constants of {@code type}. */
  public <E extends Enum<E>> List<E> enumValues(String key, Class<E> type) {
    return keys.list(key, (at, value) -> ConfigValues.enumValue(at, value, type));
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
    return keys.required(key, (at, value) -> value);
  }

  /** Returns the string, or empty if the key is absent. */
  public Optional<String> optionalString(String key) {
    return keys.optional(key, ConfigValues::string);
  }

  /** Returns the whole number, or empty if the key is absent. */
  public Optional<Integer> optionalInteger(String key) {
    return optionalInteger(key, Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  /** Returns the whole number within {@code min .. max}, or empty if the key is absent. */
  public Optional<Integer> optionalInteger(String key, int min, int max) {
    return keys.optional(key, (at, value) -> ConfigValues.integer(at, value, min, max));
  }

  /** Returns the whole number of up to 64 bits, or empty if the key is absent. */
  public Optional<Long> optionalLong(String key) {
    return keys.optional(key, ConfigValues::longInteger);
  }

  /** Returns the finite number, or empty if the key is absent. */
  public Optional<Double> optionalNumber(String key) {
    return keys.optional(key, ConfigValues::number);
  }

  /** Returns the finite number within {@code min .. max}, or empty if the key is absent. */
  public Optional<Double> optionalNumber(String key, double min, double max) {
    return keys.optional(key, (at, value) -> ConfigValues.number(at, value, min, max));
  }

  /** Returns true or false, or empty if the key is absent. */
  public Optional<Boolean> optionalBool(String key) {
    return keys.optional(key, ConfigValues::bool);
  }

  /** Returns the duration, or empty if the key is absent. */
  public Optional<Duration> optionalDuration(String key) {
    return keys.optional(key, ConfigValues::duration);
  }

  /** Returns the amount of memory in bytes, or empty if the key is absent. */
  public Optional<Long> optionalBytes(String key) {
    return keys.optional(key, ConfigValues::bytes);
  }

  /** Returns the constant of {@code type}, or empty if the key is absent. */
  public <E extends Enum<E>> Optional<E> optionalEnum(String key, Class<E> type) {
    return keys.optional(key, (at, value) -> ConfigValues.enumValue(at, value, type));
  }

  /** Returns the list of strings, or empty if the key is absent. */
  public Optional<List<String>> optionalStrings(String key) {
    return has(key) ? Optional.of(strings(key)) : Optional.empty();
  }

  /** Returns a reader of the object at {@code key}. */
  public ConfigReader child(String key) {
    return keys.required(key, this::reader);
  }

  /** Returns a reader of the object at {@code key}, or empty if the key is absent. */
  public Optional<ConfigReader> optionalChild(String key) {
    return keys.optional(key, this::reader);
  }

  /** Returns a reader of the object at {@code key}, or of an empty object if it is absent. */
  public ConfigReader childOrEmpty(String key) {
    return optionalChild(key)
        .orElseGet(() -> new ConfigReader(keys.child(key, ConfigFactory.empty().root())));
  }

  /** Returns a reader of each object in the list at {@code key}. */
  public List<ConfigReader> children(String key) {
    return keys.list(key, this::reader);
  }

  /** Returns a reader of each object in the list at {@code key}; none if the key is absent. */
  public List<ConfigReader> childrenOrEmpty(String key) {
    return has(key) ? children(key) : List.of();
  }

  /** Declares keys that others read, so that {@link #rejectUnknown} lets them pass. */
  public ConfigReader know(String... keys) {
    this.keys.know(List.of(keys));
    return this;
  }

  /** Refuses every key, here and in the objects read from here, that nobody has asked for. */
  public void rejectUnknown() {
    keys.rejectUnknown();
    descendants.forEach(ConfigReader::rejectUnknown);
  }

  /**
   * Returns the exception for a value of {@code key} that is refused for {@code problem}, such as
   * {@code "[3] does not divide the model's 8 heads; use 1, 2, 4 or 8"}.
   */
  public ServingException error(String key, String problem) {
    return ConfigKeys.failure(keys.pathOf(key), keys.find(key), problem);
  }

  /** Returns the exception for this object as a whole being refused for {@code problem}. */
  public ServingException error(String problem) {
    return ConfigKeys.failure(keys.path(), keys.object(), problem);
  }

  private ConfigReader reader(String at, ConfigValue value) {
    if (!(value instanceof ConfigObject child)) {
      throw ConfigKeys.failure(at, value, ConfigValues.show(value) + " is not an object { ... }");
    }
    ConfigReader reader = new ConfigReader(keys.at(at, child));
    descendants.add(reader);
    return reader;
  }

  private <T> Map<String, T> map(String key, BiFunction<String, ConfigValue, T> read) {
    ConfigReader child = child(key);
    Map<String, T> result = new LinkedHashMap<>();
    for (String name : child.keys()) {
      result.put(name, read.apply(child.keys.pathOf(name), child.value(name)));
    }
    return result;
  }
}
