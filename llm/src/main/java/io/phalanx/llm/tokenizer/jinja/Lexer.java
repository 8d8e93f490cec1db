package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a template into tokens. White space is controlled as {@code transformers} sets it: {@code
 * trim_blocks} and {@code lstrip_blocks} on, one newline at the template's end dropped.
 */
final class Lexer {
  private static final List<String> OPERATORS =
      List.of(
          "**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "=", "<", ">", ".", ":",
          "|", ",", "(", ")", "[", "]", "{", "}");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int position;
  private int line = 1;
  private int lineCountedTo;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String template) {
    String source = template.replace("\r\n", "\n").replace('\r', '\n');
    return new Lexer(source.endsWith("\n") ? source.substring(0, source.length() - 1) : source)
        .run();
  }

  private List<Token> run() {
    while (position < source.length()) {
      int open = nextTag(position);
      if (open < 0) {
        add(Kind.TEXT, source.substring(position));
        position = source.length();
      } else {
        tag(open);
      }
    }
    add(Kind.END, "");
    return tokens;
  }

  private int nextTag(int from) {
    for (int i = source.indexOf('{', from); i >= 0; i = source.indexOf('{', i + 1)) {
      if (i + 1 < source.length() && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private void tag(int open) {
    char type = source.charAt(open + 1);
    char control = open + 2 < source.length() ? source.charAt(open + 2) : ' ';
    text(source.substring(position, open), type, control);
    position = open + (control == '-' || control == '+' ? 3 : 2);
    if (type == '#') {
      comment();
    } else if (type == '%' && raw()) {
      return;
    } else {
      add(type == '%' ? Kind.BLOCK_BEGIN : Kind.OUTPUT_BEGIN, "");
      inside(type == '%' ? "%}" : "}}");
    }
  }

  private void text(String text, char type, char control) {
    String kept = text;
    if (control == '-') {
      kept = text.stripTrailing();
    } else if (control != '+' && type != '{') {
      int lineStart = text.lastIndexOf('\n') + 1;
      boolean atLineStart = lineStart > 0 || position == 0 || source.charAt(position - 1) == '\n';
      if (atLineStart && text.substring(lineStart).isBlank()) {
        kept = text.substring(0, lineStart);
      }
    }
    if (!kept.isEmpty()) {
      add(Kind.TEXT, kept);
    }
  }

  private void comment() {
    int end = source.indexOf("#}", position);
    if (end < 0) {
      throw error("a comment is not closed");
    }
    char control = source.charAt(end - 1);
    position = end + 2;
    afterTag(control, true);
  }

  /** Takes a raw block, if this is one, as text. */
  private boolean raw() {
    int name = skipSpace(position);
    if (!source.startsWith("raw", name) || !closes(skipSpace(name + 3))) {
      return false;
    }
    position = skipSpace(name + 3);
    closeBlock();
    int end = position;
    while (true) {
      end = source.indexOf("{%", end);
      if (end < 0) {
        throw error("a raw block is not closed");
      }
      boolean controlled = "-+".indexOf(source.charAt(end + 2)) >= 0;
      int word = skipSpace(end + (controlled ? 3 : 2));
      if (source.startsWith("endraw", word)) {
        text(source.substring(position, end), '%', source.charAt(end + 2));
        position = skipSpace(word + 6);
        closeBlock();
        return true;
      }
      end += 2;
    }
  }

  private boolean closes(int at) {
    return source.startsWith("%}", at)
        || source.startsWith("-%}", at)
        || source.startsWith("+%}", at);
  }

  private void closeBlock() {
    if (!closes(position)) {
      throw error("a tag is not closed");
    }
    char control = source.charAt(position);
    position += control == '%' ? 2 : 3;
    afterTag(control, true);
  }

  private void afterTag(char control, boolean trimBlock) {
    if (control == '-') {
      position = skipSpace(position);
    } else if (trimBlock && control != '+' && source.startsWith("\n", position)) {
      position++;
    }
  }

  private void inside(String end) {
    int depth = 0;
    while (true) {
      position = skipSpace(position);
      if (position >= source.length()) {
        throw error("a tag is not closed");
      }
      if (depth == 0 && atEnd(end)) {
        char control = source.charAt(position);
        boolean controlled = control == '-' || control == '+';
        add(end.equals("%}") ? Kind.BLOCK_END : Kind.OUTPUT_END, "");
        position += controlled ? 3 : 2;
        afterTag(control, end.equals("%}"));
        return;
      }
      String operator = element();
      depth += operator.equals("{") ? 1 : operator.equals("}") ? -1 : 0;
    }
  }

  private boolean atEnd(String end) {
    char control = source.charAt(position);
    return source.startsWith(end, position)
        || ((control == '-' || control == '+') && source.startsWith(end, position + 1));
  }

  /** Takes one token inside a tag; returns it if it is an operator. */
  private String element() {
    char c = source.charAt(position);
    if (c == '\'' || c == '"') {
      string(c);
    } else if (Character.isDigit(c)) {
      number();
    } else if (Character.isJavaIdentifierStart(c) && c != '$') {
      int end = position;
      while (end < source.length() && Character.isUnicodeIdentifierPart(source.charAt(end))) {
        end++;
      }
      take(Kind.NAME, end);
    } else {
      for (String operator : OPERATORS) {
        if (source.startsWith(operator, position)) {
          take(Kind.OPERATOR, position + operator.length());
          return operator;
        }
      }
      throw error("unexpected character [" + c + "]");
    }
    return "";
  }

  private void number() {
    int end = digits(position);
    boolean real =
        end + 1 < source.length()
            && source.charAt(end) == '.'
            && Character.isDigit(source.charAt(end + 1));
    take(real ? Kind.FLOAT : Kind.INTEGER, real ? digits(end + 1) : end);
  }

  private int digits(int from) {
    int end = from;
    while (end < source.length() && Character.isDigit(source.charAt(end))) {
      end++;
    }
    return end;
  }

  private void string(char quote) {
    StringBuilder value = new StringBuilder();
    int i = position + 1;
    while (true) {
      if (i >= source.length()) {
        throw error("a string is not closed");
      }
      char c = source.charAt(i);
      if (c == quote) {
        break;
      }
      i = c == '\\' ? escape(i + 1, value) : i + 1;
      if (c != '\\') {
        value.append(c);
      }
    }
    add(Kind.STRING, value.toString());
    position = i + 1;
  }

  /** Appends what the escape sequence stands for, and returns the index after it. */
  private int escape(int at, StringBuilder value) {
    char c = at < source.length() ? source.charAt(at) : ' ';
    int simple = "ntrbf\\'\"".indexOf(c);
    int hexDigits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (simple >= 0) {
      value.append("\n\t\r\b\f\\'\"".charAt(simple));
    } else if (hexDigits > 0) {
      value.appendCodePoint(hex(at + 1, hexDigits));
    } else if (c != '\n') {
      value.append('\\').append(c);
    }
    return at + 1 + hexDigits;
  }

  private int hex(int from, int digits) {
    try {
      int codePoint = Integer.parseInt(source, from, from + digits, 16);
      if (Character.isValidCodePoint(codePoint)) {
        return codePoint;
      }
      throw error("an escape sequence is no character");
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw error("an escape sequence is not complete");
    }
  }

  private int skipSpace(int from) {
    int i = from;
    while (i < source.length() && Text.isSpace(source.charAt(i))) {
      i++;
    }
    return i;
  }

  private void take(Kind kind, int end) {
    add(kind, source.substring(position, end));
    position = end;
  }

  private void add(Kind kind, String text) {
    tokens.add(new Token(kind, text, lineOfPosition()));
  }

  private int lineOfPosition() {
    for (; lineCountedTo < position; lineCountedTo++) {
      line += source.charAt(lineCountedTo) == '\n' ? 1 : 0;
    }
    return line;
  }

  private TemplateException error(String message) {
    return new TemplateException("line " + lineOfPosition() + ": " + message);
  }
}
