package io.phalanx.placement;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** One condition of a bundle's label selector, such as {@code zone = !in(a,b)}. */
record LabelCondition(String label, boolean negated, List<String> values) {

  private static final Pattern SYNTAX =
      Pattern.compile("(!?)(?:in\\(([^()]*)\\)|([^!(),\\s][^(),]*))");

  static LabelCondition parse(String label, String text) {
    Matcher matcher = SYNTAX.matcher(text.strip());
    if (label.isBlank() || !matcher.matches()) {
      throw invalid(label, text);
    }
    String list = matcher.group(2) == null ? matcher.group(3) : matcher.group(2);
    List<String> values = Stream.of(list.split(",", -1)).map(String::strip).toList();
    if (values.contains("")) {
      throw invalid(label, text);
    }
    return new LabelCondition(label, !matcher.group(1).isEmpty(), values);
  }

  private static ServingException invalid(String label, String text) {
    return new ServingException(
        ErrorCode.INVALID_CONFIGURATION,
        "label selector [%s] = [%s] must be one of: value, !value, in(a,b), !in(a,b)"
            .formatted(label, text));
  }

  /** A node without the label fails {@code v} and {@code in(...)} and meets their negations. */
  boolean isMetBy(Map<String, String> labels) {
    String actual = labels.get(label);
    boolean listed = actual != null && values.contains(actual);
    return listed != negated;
  }

  String describe(Map<String, String> labels) {
    String wanted = String.join(" or ", values);
    String actual = labels.containsKey(label) ? labels.get(label) : "nothing";
    return "needs %s %s%s, has %s".formatted(label, negated ? "other than " : "", wanted, actual);
  }
}
