package io.phalanx.runtime.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.phalanx.runtime.error.ServingException;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The conversions of {@link ConfigReader}: from one HOCON value at a path to a typed one. */
final class ConfigValues {
  private static final int LONGEST_SHOWN = 60;
  private static final BigDecimal LONG_LIMIT = BigDecimal.TEN.pow(18);

  private ConfigValues() {}

  static String string(String path, ConfigValue value) {
    return switch (value.valueType()) {
      case STRING -> (String) value.unwrapped();
      case NUMBER, BOOLEAN -> value.atKey("v").getString("v");
      default -> throw refused(path, value, "a string");
    };
  }

  static int integer(String path, ConfigValue value, int min, int max) {
    BigDecimal number = decimal(value);
    boolean fits =
        number != null
            && isWhole(number)
            && number.compareTo(BigDecimal.valueOf(min)) >= 0
            && number.compareTo(BigDecimal.valueOf(max)) <= 0;
    if (!fits || number == null) {
      throw refused(path, value, "an integer" + range(min, max));
    }
    return number.intValueExact();
  }

  static long longInteger(String path, ConfigValue value) {
    BigDecimal number = decimal(value);
    if (number == null || !isWhole(number) || number.abs().compareTo(LONG_LIMIT) >= 0) {
      throw refused(path, value, "an integer of at most 18 digits");
    }
    return number.longValueExact();
  }

  static double number(String path, ConfigValue value) {
    return number(path, value, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
  }

  static double number(String path, ConfigValue value, double min, double max) {
    BigDecimal parsed = decimal(value);
    double number = parsed == null ? Double.NaN : parsed.doubleValue();
    if (!Double.isFinite(number) || number < min || number > max) {
      throw refused(path, value, "a number" + range(min, max));
    }
    return number;
  }

  static boolean bool(String path, ConfigValue value) {
    String text = scalar(value).toLowerCase(Locale.ROOT);
    return switch (text) {
      case "true", "yes", "on" -> true;
      case "false", "no", "off" -> false;
      default -> throw refused(path, value, "true or false");
    };
  }

  static Duration duration(String path, ConfigValue value) {
    String allowed = "a duration of at least 0, such as 500 ms, 5 s or 2 m";
    long nanos =
        measured(path, value, allowed, v -> v.atKey("v").getDuration("v", TimeUnit.NANOSECONDS));
    if (nanos < 0) {
      throw refused(path, value, allowed);
    }
    return Duration.ofNanos(nanos);
  }

  static long bytes(String path, ConfigValue value) {
    String allowed = "an amount of memory of at least 0, such as 512 MiB or 2 GiB";
    long bytes = measured(path, value, allowed, v -> v.atKey("v").getBytes("v"));
    if (bytes < 0) {
      throw refused(path, value, allowed);
    }
    return bytes;
  }

  static <E extends Enum<E>> E enumValue(String path, ConfigValue value, Class<E> type) {
    String wanted = scalar(value).replace('-', '_').toUpperCase(Locale.ROOT);
    List<E> constants = Arrays.asList(type.getEnumConstants());
    return constants.stream()
        .filter(constant -> constant.name().equals(wanted))
        .findFirst()
        .orElseThrow(() -> refused(path, value, "one of " + names(constants)));
  }

  /** Returns the value in brackets for an error text, cut where it is long. */
  static String show(ConfigValue value) {
    String text =
        value.valueType() == ConfigValueType.STRING
            ? (String) value.unwrapped()
            : value.unwrapped() + "";
    String shown = text.length() <= LONGEST_SHOWN ? text : text.substring(0, LONGEST_SHOWN) + "...";
    return "[" + shown + "]";
  }

  private static List<String> names(List<? extends Enum<?>> constants) {
    return constants.stream()
        .map(constant -> constant.name().toLowerCase(Locale.ROOT).replace('_', '-'))
        .toList();
  }

  private static long measured(
      String path, ConfigValue value, String allowed, Function<ConfigValue, Long> read) {
    try {
      return read.apply(value);
    } catch (ConfigException e) {
      throw refused(path, value, allowed);
    }
  }

  private static String scalar(ConfigValue value) {
    return switch (value.valueType()) {
      case STRING, BOOLEAN, NUMBER -> String.valueOf(value.unwrapped());
      default -> "";
    };
  }

  /** Returns the number that is written, also where it is a string (as from the environment). */
  private static @Nullable BigDecimal decimal(ConfigValue value) {
    if (value.valueType() == ConfigValueType.BOOLEAN) {
      return null;
    }
    try {
      return new BigDecimal(scalar(value).strip());
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static boolean isWhole(BigDecimal number) {
    return number.stripTrailingZeros().scale() <= 0;
  }

  private static String range(double min, double max) {
    boolean bounded = min > Integer.MIN_VALUE;
    boolean capped = max < Integer.MAX_VALUE;
    if (bounded && capped) {
      return " from " + plain(min) + " to " + plain(max);
    }
    if (bounded) {
      return " of at least " + plain(min);
    }
    return capped ? " of at most " + plain(max) : "";
  }

  private static String plain(double number) {
    return new BigDecimal(Double.toString(number)).stripTrailingZeros().toPlainString();
  }

  private static ServingException refused(String path, ConfigValue value, String allowed) {
    return ConfigKeys.failure(path, value, show(value) + " is not " + allowed);
  }
}
