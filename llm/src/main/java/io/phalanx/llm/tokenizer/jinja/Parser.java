package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Template.Expression;
import io.phalanx.llm.tokenizer.jinja.Template.Flow;
import io.phalanx.llm.tokenizer.jinja.Template.Statement;
import io.phalanx.llm.tokenizer.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Turns a template's statements into {@link Statement}s; {@link ExpressionParser} does the rest.
 */
final class Parser {
  private static final int MAX_DEPTH = 64;

  /** No name of a template can be this. */
  private static final String CAPTURED = " captured";

  private final Tokens tokens;
  private final ExpressionParser expressions;
  private int depth;
  private int loops;

  Parser(List<Token> tokens) {
    this.tokens = new Tokens(tokens);
    this.expressions = new ExpressionParser(this.tokens);
  }

  Statement template() {
    Statement body = body(Set.of());
    tokens.expect(Kind.END, "");
    return body;
  }

  /** Parses statements up to the block that one of {@code ends} begins, which is left unread. */
  private Statement body(Set<String> ends) {
    if (++depth > MAX_DEPTH) {
      throw tokens.error("statements are nested more than " + MAX_DEPTH + " deep");
    }
    List<Statement> statements = new ArrayList<>();
    while (!tokens.at(Kind.END) && !tokens.atBlock(ends)) {
      statements.add(statement());
    }
    if (tokens.at(Kind.END) && !ends.isEmpty()) {
      throw tokens.error("the template ends where " + ends + " is needed");
    }
    depth--;
    List<Statement> all = List.copyOf(statements);
    return (scope, out) -> execute(all, scope, out);
  }

  private static Flow execute(List<Statement> statements, Scope scope, Text.Builder out) {
    for (Statement statement : statements) {
      scope.budget().spendStep();
      Flow flow = statement.execute(scope, out);
      if (flow != Flow.NEXT) {
        return flow;
      }
    }
    return Flow.NEXT;
  }

  private Statement statement() {
    Token token = tokens.next();
    if (token.kind() == Kind.TEXT) {
      Text text = Text.ofTemplate(token.text());
      return writing(scope -> text);
    }
    if (token.kind() == Kind.OUTPUT_BEGIN) {
      Expression expression = expressions.tuple();
      tokens.expect(Kind.OUTPUT_END, "");
      return writing(expression);
    }
    return block(tokens.expect(Kind.NAME));
  }

  private static Statement writing(Expression expression) {
    return (scope, out) -> {
      out.append(Python.str(expression.evaluate(scope)));
      return Flow.NEXT;
    };
  }

  private Statement block(Token name) {
    return switch (name.text()) {
      case "if" -> ifStatement();
      case "for" -> forStatement();
      case "set" -> setStatement();
      case "macro" -> macro();
      case "filter" -> filterBlock();
      case "generation" -> group("endgeneration");
      case "with" -> withStatement();
      case "break" -> jump(Flow.BREAK);
      case "continue" -> jump(Flow.CONTINUE);
      default ->
          throw new TemplateException(
              "line " + name.line() + ": {% " + name.text() + " %} is not supported");
    };
  }

  private Statement group(String end) {
    tokens.expect(Kind.BLOCK_END, "");
    Statement body = body(Set.of(end));
    close(end);
    return body;
  }

  private void close(String end) {
    tokens.next();
    tokens.expect(Kind.NAME, end);
    tokens.expect(Kind.BLOCK_END, "");
  }

  private Statement jump(Flow flow) {
    if (loops == 0) {
      throw tokens.error("break and continue stand in a loop only");
    }
    tokens.expect(Kind.BLOCK_END, "");
    return (scope, out) -> flow;
  }

  private Statement ifStatement() {
    Expression condition = expressions.expression();
    tokens.expect(Kind.BLOCK_END, "");
    Statement then = body(Set.of("elif", "else", "endif"));
    tokens.next();
    Token end = tokens.expect(Kind.NAME);
    Statement otherwise = (scope, out) -> Flow.NEXT;
    if (end.text().equals("elif")) {
      otherwise = ifStatement();
    } else if (end.text().equals("else")) {
      otherwise = group("endif");
    } else {
      tokens.expect(Kind.BLOCK_END, "");
    }
    Statement no = otherwise;
    return (scope, out) ->
        Values.isTrue(condition.evaluate(scope))
            ? then.execute(scope, out)
            : no.execute(scope, out);
  }

  private Statement forStatement() {
    List<String> targets = names();
    tokens.expect(Kind.NAME, "in");
    Expression elements = expressions.withoutCondition();
    Expression filter = scope -> true;
    if (tokens.skip(Kind.NAME, "if")) {
      filter = expressions.withoutCondition();
    }
    boolean recursive = tokens.skip(Kind.NAME, "recursive");
    tokens.expect(Kind.BLOCK_END, "");
    loops++;
    Statement body = body(Set.of("else", "endfor"));
    loops--;
    tokens.next();
    Statement otherwise = (scope, out) -> Flow.NEXT;
    if (tokens.expect(Kind.NAME).text().equals("else")) {
      otherwise = group("endfor");
    } else {
      tokens.expect(Kind.BLOCK_END, "");
    }
    return new ForStatement(targets, elements, filter, recursive, body, otherwise);
  }

  private List<String> names() {
    boolean parenthesis = tokens.skip(Kind.OPERATOR, "(");
    List<String> names = new ArrayList<>();
    do {
      names.add(tokens.expect(Kind.NAME).text());
    } while (tokens.skip(Kind.OPERATOR, ","));
    if (parenthesis) {
      tokens.expect(Kind.OPERATOR, ")");
    }
    return List.copyOf(names);
  }

  private Statement setStatement() {
    List<String> targets = names();
    String name = targets.get(0);
    if (tokens.skip(Kind.OPERATOR, ".")) {
      String attribute = tokens.expect(Kind.NAME).text();
      tokens.expect(Kind.OPERATOR, "=");
      Expression value = expressions.tuple();
      tokens.expect(Kind.BLOCK_END, "");
      return (scope, out) -> setAttribute(scope, name, attribute, value.evaluate(scope));
    }
    if (tokens.skip(Kind.OPERATOR, "=")) {
      Expression value = expressions.tuple();
      tokens.expect(Kind.BLOCK_END, "");
      return (scope, out) -> {
        assign(scope, targets, value.evaluate(scope), scope.budget());
        return Flow.NEXT;
      };
    }
    return capturing("endset", (scope, out, text) -> scope.set(name, text));
  }

  private static Flow setAttribute(Scope scope, String name, String attribute, Object value) {
    if (scope.get(name) instanceof Namespace namespace) {
      namespace.set(attribute, value);
      return Flow.NEXT;
    }
    throw new TemplateException("cannot set attribute on " + name + ", which is no namespace");
  }

  /** Gives the names their values: one name the whole, several names one element each. */
  static void assign(Scope scope, List<String> names, Object value, Budget budget) {
    if (names.size() == 1) {
      scope.set(names.get(0), value);
      return;
    }
    List<Object> elements = Values.elements(value, budget);
    if (elements.size() != names.size()) {
      throw new TemplateException(
          names.size() + " names cannot take " + elements.size() + " values");
    }
    for (int i = 0; i < names.size(); i++) {
      scope.set(names.get(i), elements.get(i));
    }
  }

  /** What is done with the text of a block. */
  private interface Capture {
    void accept(Scope scope, Text.Builder out, Text text);
  }

  private Statement filterBlock() {
    return capturing("endfilter", (scope, out, text) -> out.append(text));
  }

  /** Parses a block whose text goes through filters (without a bar before the first, or with). */
  private Statement capturing(String end, Capture capture) {
    Expression filtered =
        expressions.filters(scope -> scope.get(CAPTURED), end.equals("endfilter"));
    Statement body = group(end);
    return (scope, out) -> {
      Text.Builder text = new Text.Builder(scope.budget());
      Flow flow = body.execute(scope.child(), text);
      Scope inner = scope.child();
      inner.set(CAPTURED, text.build());
      capture.accept(scope, out, Python.str(filtered.evaluate(inner)));
      return flow;
    };
  }

  private Statement withStatement() {
    List<String> names = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (!tokens.at(Kind.BLOCK_END)) {
      names.add(tokens.expect(Kind.NAME).text());
      tokens.expect(Kind.OPERATOR, "=");
      values.add(expressions.expression());
      tokens.skip(Kind.OPERATOR, ",");
    }
    Statement body = group("endwith");
    return (scope, out) -> {
      Scope inner = scope.child();
      for (int i = 0; i < names.size(); i++) {
        inner.set(names.get(i), values.get(i).evaluate(scope));
      }
      return body.execute(inner, out);
    };
  }

  private Statement macro() {
    String name = tokens.expect(Kind.NAME).text();
    tokens.expect(Kind.OPERATOR, "(");
    List<Macro.Parameter> parameters = new ArrayList<>();
    while (!tokens.skip(Kind.OPERATOR, ")")) {
      String parameter = tokens.expect(Kind.NAME).text();
      Expression missing = scope -> new Undefined(parameter);
      boolean hasDefault = tokens.skip(Kind.OPERATOR, "=");
      parameters.add(
          new Macro.Parameter(parameter, hasDefault ? expressions.expression() : missing));
      if (!tokens.at(Kind.OPERATOR, ")")) {
        tokens.expect(Kind.OPERATOR, ",");
      }
    }
    Statement body = group("endmacro");
    return (scope, out) -> {
      scope.set(name, new Macro(name, List.copyOf(parameters), body, scope));
      return Flow.NEXT;
    };
  }
}
