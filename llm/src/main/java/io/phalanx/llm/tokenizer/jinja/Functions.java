package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Callable.Arguments;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The global functions that {@code transformers} gives chat templates. */
final class Functions {
  private static final Map<Character, String> DATE_PATTERNS =
      Map.ofEntries(
          Map.entry('d', "dd"),
          Map.entry('m', "MM"),
          Map.entry('b', "MMM"),
          Map.entry('B', "MMMM"),
          Map.entry('Y', "yyyy"),
          Map.entry('y', "yy"),
          Map.entry('H', "HH"),
          Map.entry('I', "hh"),
          Map.entry('p', "a"),
          Map.entry('M', "mm"),
          Map.entry('S', "ss"),
          Map.entry('a', "EEE"),
          Map.entry('A', "EEEE"),
          Map.entry('j', "DDD"),
          Map.entry('Z', "zzz"),
          Map.entry('z', "xx"),
          Map.entry('f', "SSSSSS"));

  private Functions() {}

  static void define(Scope scope, Clock clock) {
    Callable refuse =
        (arguments, budget) -> {
          throw new TemplateException(arguments.text(0, "message").value());
        };
    Callable now =
        (arguments, budget) -> Text.ofTemplate(date(arguments.text(0, "format").value(), clock));
    Callable range = (arguments, budget) -> range(arguments.positional(), budget);
    Callable namespace = (arguments, budget) -> new Namespace(entries(arguments));
    Callable dict = (arguments, budget) -> dict(entries(arguments));
    scope.set("raise_exception", refuse);
    scope.set("strftime_now", now);
    scope.set("range", range);
    scope.set("namespace", namespace);
    scope.set("dict", dict);
  }

  private static Map<String, Object> entries(Arguments arguments) {
    Map<String, Object> entries = new LinkedHashMap<>();
    for (Object argument : arguments.positional()) {
      Values.map(argument).forEach((key, value) -> entries.put(Python.str(key).value(), value));
    }
    entries.putAll(arguments.named());
    return entries;
  }

  private static Map<Object, Object> dict(Map<String, Object> entries) {
    Map<Object, Object> dict = new LinkedHashMap<>();
    entries.forEach((key, value) -> dict.put(Text.ofTemplate(key), value));
    return dict;
  }

  private static List<Object> range(List<Object> bounds, Budget budget) {
    if (bounds.isEmpty()) {
      throw new TemplateException("an argument is missing: stop");
    }
    long from = bounds.size() > 1 ? Values.integer(bounds.get(0)) : 0;
    long to = Values.integer(bounds.get(bounds.size() > 1 ? 1 : 0));
    long step = bounds.size() > 2 ? Values.integer(bounds.get(2)) : 1;
    if (step == 0) {
      throw new TemplateException("range step cannot be zero");
    }
    List<Object> numbers = new ArrayList<>();
    for (long i = from; step > 0 ? i < to : i > to; i += step) {
      budget.spendStep();
      numbers.add(i);
    }
    return numbers;
  }

  private static String date(String format, Clock clock) {
    ZonedDateTime now = ZonedDateTime.now(clock);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      boolean unpadded = format.charAt(i + 1) == '-' && i + 2 < format.length();
      i += unpadded ? 2 : 1;
      String field = dateField(format.charAt(i), now);
      out.append(unpadded ? field.replaceFirst("^0+(?=.)", "") : field);
    }
    return out.toString();
  }

  private static String dateField(char directive, ZonedDateTime now) {
    String pattern = DATE_PATTERNS.get(directive);
    if (directive == '%') {
      return "%";
    }
    if (pattern == null) {
      throw new TemplateException("strftime_now does not know %" + directive);
    }
    return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(now);
  }
}
