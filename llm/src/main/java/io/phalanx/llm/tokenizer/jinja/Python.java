package io.phalanx.llm.tokenizer.jinja;

import java.math.BigDecimal;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Spells values as Python prints them, and as its {@code json.dumps} writes them. */
final class Python {

  private Python() {}

  /** Returns {@code str(value)}, each character with its writer. */
  static Text str(Object value) {
    if (value instanceof Text text) {
      return text;
    }
    if (value instanceof Undefined) {
      return Text.EMPTY;
    }
    return Values.textAbout(value, repr(value));
  }

  static String repr(Object value) {
    if (value instanceof Text text) {
      return quoted(text.value());
    }
    if (value instanceof List<?> list) {
      String elements = list.stream().map(Python::repr).collect(Collectors.joining(", "));
      String comma = list.size() == 1 ? "," : "";
      return list instanceof Tuple ? "(" + elements + comma + ")" : "[" + elements + "]";
    }
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .map(entry -> repr(entry.getKey()) + ": " + repr(entry.getValue()))
          .collect(Collectors.joining(", ", "{", "}"));
    }
    return scalar(value, "None", "True", "False");
  }

  private static String scalar(Object value, String none, String yes, String no) {
    if (value instanceof Boolean bool) {
      return bool ? yes : no;
    }
    if (value == None.NONE || value instanceof Undefined) {
      return none;
    }
    if (value instanceof Double number) {
      return real(number);
    }
    if (value instanceof Long) {
      return value.toString();
    }
    throw new TemplateException(Values.typeName(value) + " cannot be written");
  }

  private static String real(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
    }
    double size = Math.abs(value);
    if (size != 0 && (size < 1e-4 || size >= 1e16)) {
      return Double.toString(value)
          .replace(".0E", "E")
          .replaceFirst("E(\\d)", "e+$1")
          .replaceFirst("E-(\\d)$", "e-0$1")
          .replace("E", "e");
    }
    String plain = new BigDecimal(Double.toString(value)).toPlainString();
    return plain.contains(".") ? plain : plain + ".0";
  }

  private static String quoted(String value) {
    char quote = value.contains("'") && !value.contains("\"") ? '"' : '\'';
    StringBuilder out = new StringBuilder().append(quote);
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\\' -> out.append("\\\\");
        default -> {
          if (c == quote) {
            out.append('\\').append(c);
          } else if (c < ' ' || c == 0x7f) {
            out.append(String.format("\\x%02x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append(quote).toString();
  }

  /** How {@code json.dumps} lays a value out; {@code indent} below 0 keeps it on one line. */
  record JsonStyle(
      int indent, String itemSeparator, String keySeparator, boolean ascii, boolean sortKeys) {}

  static Text json(Object value, JsonStyle style) {
    StringBuilder out = new StringBuilder();
    json(value, style, 1, out);
    return Values.textAbout(value, out.toString());
  }

  private static void json(Object value, JsonStyle style, int level, StringBuilder out) {
    if (value instanceof Text text) {
      jsonString(text.value(), style.ascii(), out);
    } else if (value instanceof List<?> list) {
      Iterator<?> elements = list.iterator();
      out.append('[');
      while (elements.hasNext()) {
        newLine(style, level, out);
        json(elements.next(), style, level + 1, out);
        out.append(elements.hasNext() ? style.itemSeparator() : "");
      }
      close(!list.isEmpty(), ']', style, level, out);
    } else if (value instanceof Map<?, ?> map) {
      jsonMap(map, style, level, out);
    } else {
      out.append(scalar(value, "null", "true", "false"));
    }
  }

  private static void jsonMap(Map<?, ?> map, JsonStyle style, int level, StringBuilder out) {
    Comparator<Map.Entry<?, ?>> byKey = Comparator.comparing(entry -> str(entry.getKey()));
    Iterator<? extends Map.Entry<?, ?>> entries =
        style.sortKeys()
            ? map.entrySet().stream().sorted(byKey).iterator()
            : map.entrySet().iterator();
    out.append('{');
    while (entries.hasNext()) {
      Map.Entry<?, ?> entry = entries.next();
      newLine(style, level, out);
      Object key = entry.getKey();
      String name = key instanceof Text text ? text.value() : scalar(key, "null", "true", "false");
      jsonString(name, style.ascii(), out);
      out.append(style.keySeparator());
      json(entry.getValue(), style, level + 1, out);
      out.append(entries.hasNext() ? style.itemSeparator() : "");
    }
    close(!map.isEmpty(), '}', style, level, out);
  }

  private static void newLine(JsonStyle style, int level, StringBuilder out) {
    if (style.indent() >= 0) {
      out.append('\n').append(" ".repeat(style.indent() * level));
    }
  }

  private static void close(
      boolean filled, char bracket, JsonStyle style, int level, StringBuilder out) {
    if (filled) {
      newLine(style, level - 1, out);
    }
    out.append(bracket);
  }

  private static void jsonString(String value, boolean ascii, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      int escape = "\"\\\n\r\t\b\f".indexOf(c);
      if (escape >= 0) {
        out.append('\\').append("\"\\nrtbf".charAt(escape));
      } else if (c < ' ' || (ascii && c > '~')) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
