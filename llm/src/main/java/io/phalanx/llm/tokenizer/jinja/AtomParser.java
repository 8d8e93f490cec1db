package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Template.Expression;
import io.phalanx.llm.tokenizer.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Parses the smallest expressions: names, literals, tuples, lists and mappings. */
final class AtomParser {
  private final Tokens tokens;
  private final ExpressionParser expressions;

  AtomParser(Tokens tokens, ExpressionParser expressions) {
    this.tokens = tokens;
    this.expressions = expressions;
  }

  /** Parses a name, a literal or what stands in brackets. */
  Expression atom() {
    Token token = tokens.next();
    return switch (token.kind()) {
      case NAME -> name(token.text());
      case STRING -> string(token);
      case INTEGER -> integer(token);
      case FLOAT -> {
        double number = Double.parseDouble(token.text());
        yield scope -> number;
      }
      case OPERATOR -> bracket(token);
      default -> throw unexpected(token);
    };
  }

  private static TemplateException unexpected(Token token) {
    return new TemplateException(
        "line " + token.line() + ": unexpected [" + token.text() + "] in an expression");
  }

  private static Expression integer(Token token) {
    try {
      long number = Long.parseLong(token.text());
      return scope -> number;
    } catch (NumberFormatException e) {
      throw unexpected(token);
    }
  }

  private static Expression name(String name) {
    return switch (name) {
      case "true", "True" -> scope -> true;
      case "false", "False" -> scope -> false;
      case "none", "None" -> scope -> None.NONE;
      default -> scope -> scope.get(name);
    };
  }

  private Expression string(Token first) {
    StringBuilder value = new StringBuilder(first.text());
    while (tokens.at(Kind.STRING)) {
      value.append(tokens.next().text());
    }
    Text text = Text.ofTemplate(value.toString());
    return scope -> text;
  }

  private Expression bracket(Token token) {
    return switch (token.text()) {
      case "(" -> {
        if (tokens.skip(Kind.OPERATOR, ")")) {
          yield scope -> new Tuple(List.of());
        }
        Expression inner = expressions.tuple();
        tokens.expect(Kind.OPERATOR, ")");
        yield inner;
      }
      case "[" -> list(elements("]"));
      case "{" -> mapping();
      default -> throw unexpected(token);
    };
  }

  private List<Expression> elements(String close) {
    List<Expression> elements = new ArrayList<>();
    while (!tokens.skip(Kind.OPERATOR, close)) {
      elements.add(expressions.expression());
      if (!tokens.at(Kind.OPERATOR, close)) {
        tokens.expect(Kind.OPERATOR, ",");
      }
    }
    return elements;
  }

  /** Returns the list of what the elements are. */
  static Expression list(List<Expression> elements) {
    return scope -> elements.stream().map(element -> element.evaluate(scope)).toList();
  }

  private Expression mapping() {
    Map<Expression, Expression> entries = new LinkedHashMap<>();
    while (!tokens.skip(Kind.OPERATOR, "}")) {
      Expression key = expressions.expression();
      tokens.expect(Kind.OPERATOR, ":");
      entries.put(key, expressions.expression());
      if (!tokens.at(Kind.OPERATOR, "}")) {
        tokens.expect(Kind.OPERATOR, ",");
      }
    }
    return scope -> {
      Map<Object, Object> map = new LinkedHashMap<>();
      entries.forEach((key, value) -> map.put(key.evaluate(scope), value.evaluate(scope)));
      return map;
    };
  }
}
