package io.phalanx.placement;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Amounts of named resources, such as {@code {CPU: 1, GPU: 0.5}}; names without an amount are zero.
 *
 * <p>Amounts are fixed-point, in ten-thousandths, so that adding and subtracting is exact.
 *
 * @param tenThousandths name to amount in 1/10000 of a unit ({@code memory}: of a byte); never
 *     negative, and zero amounts are left out
 */
public record Resources(Map<String, Long> tenThousandths) {

  /** The name of processor cores. */
  public static final String CPU = "CPU";

  /** The name of whole or shared accelerators. */
  public static final String GPU = "GPU";

  /** The name of main memory, in bytes. */
  public static final String MEMORY = "memory";

  /** One unit in ten-thousandths. */
  public static final long UNIT = 10_000;

  /** Nothing at all. */
  public static final Resources NONE = new Resources(Map.of());

  private static final double MAX_AMOUNT = 9e14;

  /** Drops zero amounts and refuses negative ones. */
  public Resources {
    Map<String, Long> amounts = new HashMap<>();
    tenThousandths.forEach((name, amount) -> addPositive(amounts, name, amount));
    tenThousandths = Map.copyOf(amounts);
  }

  private static void addPositive(Map<String, Long> amounts, String name, long amount) {
    if (amount < 0) {
      throw invalid(name, text(amount), "must not be negative");
    }
    if (amount > 0) {
      amounts.put(name, amount);
    }
  }

  /**
   * Returns the given amounts, which have at most four decimals; bytes are rounded.
   *
   * @param amounts name to amount in units ({@code memory}: bytes)
   * @throws ServingException {@code INVALID_CONFIGURATION} if an amount is negative, not a number,
   *     too large, or has more decimals
   */
  public static Resources of(Map<String, Double> amounts) {
    Map<String, Long> fixed = new HashMap<>();
    amounts.forEach((name, amount) -> fixed.put(name, fixedPoint(name, amount)));
    return new Resources(fixed);
  }

  /** Returns {@code amount} of one resource. */
  public static Resources of(String name, double amount) {
    return of(Map.of(name, amount));
  }

  /** Returns this many GPUs. */
  public static Resources ofGpus(double gpus) {
    return of(GPU, gpus);
  }

  private static long fixedPoint(String name, double amount) {
    if (name.isBlank()) {
      throw invalid(name, Double.toString(amount), "needs a name");
    }
    if (!Double.isFinite(amount) || amount > MAX_AMOUNT) {
      throw invalid(name, Double.toString(amount), "must be a finite number of at most 9e14");
    }
    if (amount < 0) {
      throw invalid(name, Double.toString(amount), "must not be negative");
    }
    long fixed = Math.round(amount * UNIT);
    if (!name.equals(MEMORY) && Math.abs(amount * UNIT - fixed) > rounding(amount)) {
      String why = "must have at most 4 decimals: give " + text(fixed == 0 ? 1 : fixed);
      throw invalid(name, Double.toString(amount), why);
    }
    return fixed;
  }

  /** What computing with doubles may have added: {@code 0.1 + 0.2} is 0.3. */
  private static double rounding(double amount) {
    return Math.max(1e-6, 8 * Math.ulp(amount * UNIT));
  }

  private static ServingException invalid(String name, String amount, String why) {
    return new ServingException(
        ErrorCode.INVALID_CONFIGURATION, "resource [" + name + "] = " + amount + " " + why);
  }

  /** Returns the amount of {@code name} in ten-thousandths; 0 if there is none. */
  public long get(String name) {
    return tenThousandths.getOrDefault(name, 0L);
  }

  /** Returns the names with a positive amount. */
  public Set<String> names() {
    return tenThousandths.keySet();
  }

  /** Returns whether nothing has a positive amount. */
  public boolean isZero() {
    return tenThousandths.isEmpty();
  }

  /** Returns the sum, name by name. */
  public Resources plus(Resources other) {
    Map<String, Long> sum = new HashMap<>(tenThousandths);
    other.tenThousandths.forEach((name, amount) -> sum.merge(name, amount, Math::addExact));
    return new Resources(sum);
  }

  /**
   * Returns the difference, name by name.
   *
   * @throws ServingException if {@code other} does not fit
   */
  public Resources minus(Resources other) {
    Map<String, Long> difference = new HashMap<>(tenThousandths);
    other.tenThousandths.forEach((name, amount) -> difference.merge(name, -amount, Math::addExact));
    return new Resources(difference);
  }

  /** Returns these without GPUs, which are counted per device. */
  public Resources withoutGpus() {
    Map<String, Long> amounts = new HashMap<>(tenThousandths);
    amounts.remove(GPU);
    return new Resources(amounts);
  }

  /** Returns the larger amount, name by name. */
  public Resources max(Resources other) {
    Map<String, Long> larger = new HashMap<>(tenThousandths);
    other.tenThousandths.forEach((name, amount) -> larger.merge(name, amount, Math::max));
    return new Resources(larger);
  }

  /** Returns whether no amount here exceeds that of {@code free}. */
  public boolean fits(Resources free) {
    for (Map.Entry<String, Long> entry : tenThousandths.entrySet()) {
      if (entry.getValue() > free.get(entry.getKey())) {
        return false;
      }
    }
    return true;
  }

  /** Returns what is asked for here and missing in {@code free}; zero if this fits. */
  public Resources missingIn(Resources free) {
    Map<String, Long> missing = new HashMap<>();
    tenThousandths.forEach(
        (name, amount) -> missing.put(name, Math.max(0, amount - free.get(name))));
    return new Resources(missing);
  }

  /** Returns an amount of ten-thousandths as people write it, such as {@code 0.5}. */
  public static String text(long amount) {
    return BigDecimal.valueOf(amount, 4).stripTrailingZeros().toPlainString();
  }

  /** Returns the amounts as people write them, such as {@code CPU 1, GPU 0.5}. */
  @Override
  public String toString() {
    return new TreeMap<>(tenThousandths)
        .entrySet().stream()
            .map(entry -> entry.getKey() + " " + text(entry.getKey(), entry.getValue()))
            .collect(Collectors.joining(", "));
  }

  /** Returns an amount as people write it; memory with its unit, such as {@code 1.5 GiB}. */
  public static String text(String name, long amount) {
    return name.equals(MEMORY) ? bytesText(amount / UNIT) : text(amount);
  }

  private static String bytesText(long bytes) {
    String[] units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    double scaled = bytes;
    while (scaled >= 1024 && unit < units.length - 1) {
      scaled /= 1024;
      unit++;
    }
    return text(Math.round(Math.rint(scaled * 10) * UNIT / 10)) + " " + units[unit];
  }
}
