package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Callable.Arguments;
import io.phalanx.llm.tokenizer.jinja.Template.Expression;
import io.phalanx.llm.tokenizer.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Turns expressions into {@link Expression}s, with Jinja's precedence. */
final class ExpressionParser {
  private static final int MAX_DEPTH = 64;
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");

  /** Binary operators from the loosest to the tightest; {@code ~} stands between them. */
  private static final Set<String> SUMS = Set.of("+", "-");

  private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");

  private final Tokens tokens;
  private int depth;

  ExpressionParser(Tokens tokens) {
    this.tokens = tokens;
  }

  /** Parses one expression, or several with commas between them, which make a tuple. */
  Expression tuple() {
    Expression first = expression();
    if (!tokens.at(Kind.OPERATOR, ",")) {
      return first;
    }
    List<Expression> elements = new ArrayList<>(List.of(first));
    while (tokens.skip(Kind.OPERATOR, ",") && startsExpression()) {
      elements.add(expression());
    }
    Expression list = list(elements);
    return scope -> new Tuple(Values.list(list.evaluate(scope)));
  }

  private boolean startsExpression() {
    return switch (tokens.peek().kind()) {
      case NAME, STRING, INTEGER, FLOAT -> true;
      case OPERATOR -> Set.of("(", "[", "{", "-", "+").contains(tokens.peek().text());
      default -> false;
    };
  }

  Expression expression() {
    if (++depth > MAX_DEPTH) {
      throw tokens.error("an expression is nested more than " + MAX_DEPTH + " deep");
    }
    Expression value = withoutCondition();
    while (tokens.skip(Kind.NAME, "if")) {
      value = conditional(value);
    }
    depth--;
    return value;
  }

  private Expression conditional(Expression value) {
    Expression condition = withoutCondition();
    Expression otherwise = scope -> new Undefined("else");
    if (tokens.skip(Kind.NAME, "else")) {
      otherwise = expression();
    }
    Expression no = otherwise;
    return scope ->
        Values.isTrue(condition.evaluate(scope)) ? value.evaluate(scope) : no.evaluate(scope);
  }

  /** Parses an expression that no {@code if} follows. */
  Expression withoutCondition() {
    Expression left = and();
    while (tokens.skip(Kind.NAME, "or")) {
      Expression first = left;
      Expression second = and();
      left =
          scope -> {
            Object value = first.evaluate(scope);
            return Values.isTrue(value) ? value : second.evaluate(scope);
          };
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (tokens.skip(Kind.NAME, "and")) {
      Expression first = left;
      Expression second = not();
      left =
          scope -> {
            Object value = first.evaluate(scope);
            return Values.isTrue(value) ? second.evaluate(scope) : value;
          };
    }
    return left;
  }

  private Expression not() {
    if (!tokens.skip(Kind.NAME, "not")) {
      return comparison();
    }
    if (++depth > MAX_DEPTH) {
      throw tokens.error("an expression is nested more than " + MAX_DEPTH + " deep");
    }
    Expression value = not();
    depth--;
    return scope -> !Values.isTrue(value.evaluate(scope));
  }

  private Expression comparison() {
    Expression first = sum();
    List<String> operators = new ArrayList<>();
    List<Expression> operands = new ArrayList<>();
    for (String operator = comparator(); !operator.isEmpty(); operator = comparator()) {
      operators.add(operator);
      operands.add(sum());
    }
    return operators.isEmpty() ? first : scope -> compare(scope, first, operators, operands);
  }

  /** Takes a comparison operator, if one is next. */
  private String comparator() {
    Token token = tokens.peek();
    if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
      return tokens.next().text();
    }
    if (tokens.skip(Kind.NAME, "in")) {
      return "in";
    }
    if (tokens.at(Kind.NAME, "not") && tokens.isSecond(Kind.NAME, "in")) {
      tokens.next();
      tokens.next();
      return "not in";
    }
    return "";
  }

  private static boolean compare(
      Scope scope, Expression first, List<String> operators, List<Expression> operands) {
    Object left = first.evaluate(scope);
    for (int i = 0; i < operators.size(); i++) {
      Object right = operands.get(i).evaluate(scope);
      if (!Operators.compare(operators.get(i), left, right, scope.budget())) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private boolean atOperator(Set<String> operators) {
    return tokens.at(Kind.OPERATOR) && operators.contains(tokens.peek().text());
  }

  private Expression sum() {
    Expression left = concatenation();
    while (atOperator(SUMS)) {
      left = binary(tokens.next().text(), left, concatenation());
    }
    return left;
  }

  private Expression concatenation() {
    Expression first = product();
    if (!tokens.at(Kind.OPERATOR, "~")) {
      return first;
    }
    List<Expression> parts = new ArrayList<>(List.of(first));
    while (tokens.skip(Kind.OPERATOR, "~")) {
      parts.add(product());
    }
    return scope ->
        Operators.concat(
            parts.stream().map(part -> Python.str(part.evaluate(scope))).toList(), scope.budget());
  }

  private Expression product() {
    Expression left = power();
    while (atOperator(PRODUCTS)) {
      left = binary(tokens.next().text(), left, power());
    }
    return left;
  }

  private Expression power() {
    Expression left = unary(true);
    while (tokens.skip(Kind.OPERATOR, "**")) {
      left = binary("**", left, unary(true));
    }
    return left;
  }

  private static Expression binary(String operator, Expression left, Expression right) {
    return scope ->
        Operators.binary(operator, left.evaluate(scope), right.evaluate(scope), scope.budget());
  }

  private Expression unary(boolean withFilters) {
    Expression value;
    if (tokens.skip(Kind.OPERATOR, "-")) {
      Expression operand = unary(false);
      value = scope -> Operators.negate(operand.evaluate(scope));
    } else if (tokens.skip(Kind.OPERATOR, "+")) {
      value = unary(false);
    } else {
      value = primary();
    }
    Expression whole = postfix(value);
    return withFilters ? filters(whole, false) : whole;
  }

  private Expression primary() {
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
        Expression inner = tuple();
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
      elements.add(expression());
      if (!tokens.at(Kind.OPERATOR, close)) {
        tokens.expect(Kind.OPERATOR, ",");
      }
    }
    return elements;
  }

  private static Expression list(List<Expression> elements) {
    return scope -> elements.stream().map(element -> element.evaluate(scope)).toList();
  }

  private Expression mapping() {
    Map<Expression, Expression> entries = new LinkedHashMap<>();
    while (!tokens.skip(Kind.OPERATOR, "}")) {
      Expression key = expression();
      tokens.expect(Kind.OPERATOR, ":");
      entries.put(key, expression());
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

  private Expression postfix(Expression value) {
    Expression whole = value;
    while (true) {
      Expression receiver = whole;
      if (tokens.skip(Kind.OPERATOR, ".")) {
        String name = tokens.next().text();
        whole = scope -> Operators.attribute(receiver.evaluate(scope), name);
      } else if (tokens.skip(Kind.OPERATOR, "[")) {
        whole = subscript(receiver);
      } else if (tokens.skip(Kind.OPERATOR, "(")) {
        whole = call(receiver, arguments());
      } else {
        return whole;
      }
    }
  }

  private Expression subscript(Expression receiver) {
    List<Expression> bounds = new ArrayList<>();
    boolean slice = false;
    Expression bound = scope -> None.NONE;
    while (!tokens.skip(Kind.OPERATOR, "]")) {
      if (tokens.skip(Kind.OPERATOR, ":")) {
        slice = true;
        bounds.add(bound);
        bound = scope -> None.NONE;
      } else {
        bound = expression();
      }
    }
    bounds.add(bound);
    Expression first = bounds.get(0);
    if (!slice) {
      return scope -> Operators.subscript(receiver.evaluate(scope), first.evaluate(scope));
    }
    Expression second = bounds.get(1);
    Expression third = bounds.size() > 2 ? bounds.get(2) : scope -> None.NONE;
    return scope ->
        Operators.slice(
            receiver.evaluate(scope),
            first.evaluate(scope),
            second.evaluate(scope),
            third.evaluate(scope),
            scope.budget());
  }

  /** The expressions between the parentheses of a call. */
  private record ArgumentList(List<Expression> positional, Map<String, Expression> named) {
    static final ArgumentList NONE = new ArgumentList(List.of(), Map.of());

    Arguments evaluate(Scope scope) {
      if (positional.isEmpty() && named.isEmpty()) {
        return Arguments.NONE;
      }
      List<Object> values = positional.stream().map(each -> each.evaluate(scope)).toList();
      Map<String, Object> byName = new LinkedHashMap<>();
      named.forEach((name, value) -> byName.put(name, value.evaluate(scope)));
      return new Arguments(values, byName);
    }
  }

  private ArgumentList arguments() {
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    while (!tokens.skip(Kind.OPERATOR, ")")) {
      if (tokens.at(Kind.NAME) && tokens.isSecond(Kind.OPERATOR, "=")) {
        String name = tokens.next().text();
        tokens.next();
        named.put(name, expression());
      } else {
        positional.add(expression());
      }
      if (!tokens.at(Kind.OPERATOR, ")")) {
        tokens.expect(Kind.OPERATOR, ",");
      }
    }
    return new ArgumentList(positional, named);
  }

  private static Expression call(Expression receiver, ArgumentList arguments) {
    return scope -> {
      scope.budget().spendStep();
      Object function = receiver.evaluate(scope);
      if (function instanceof Callable callable) {
        return callable.call(arguments.evaluate(scope), scope.budget());
      }
      throw Values.wrongType("a function", function);
    };
  }

  /**
   * Parses the filters, tests and calls that follow a value.
   *
   * @param bare whether the first filter stands without its bar, as in a filter block
   */
  Expression filters(Expression value, boolean bare) {
    Expression whole = bare ? filter(value) : value;
    while (true) {
      if (tokens.skip(Kind.OPERATOR, "|")) {
        whole = filter(whole);
      } else if (tokens.skip(Kind.NAME, "is")) {
        whole = test(whole);
      } else if (tokens.skip(Kind.OPERATOR, "(")) {
        whole = call(whole, arguments());
      } else {
        return whole;
      }
    }
  }

  private Expression filter(Expression value) {
    Token name = tokens.expect(Kind.NAME);
    Filters.Filter filter = Filters.find(name.text());
    if (filter == null) {
      throw new TemplateException(
          "line " + name.line() + ": the filter [" + name.text() + "] is not supported");
    }
    ArgumentList arguments = tokens.skip(Kind.OPERATOR, "(") ? arguments() : ArgumentList.NONE;
    return scope -> {
      scope.budget().spendStep();
      return filter.apply(value.evaluate(scope), arguments.evaluate(scope), scope.budget());
    };
  }

  private Expression test(Expression value) {
    boolean negated = tokens.skip(Kind.NAME, "not");
    Token name = tokens.next();
    Tests.Test test = Tests.find(name.text());
    if (test == null) {
      throw new TemplateException(
          "line " + name.line() + ": the test [" + name.text() + "] is not supported");
    }
    ArgumentList arguments = testArguments();
    return scope ->
        test.holds(value.evaluate(scope), arguments.evaluate(scope), scope.budget()) != negated;
  }

  private ArgumentList testArguments() {
    if (tokens.skip(Kind.OPERATOR, "(")) {
      return arguments();
    }
    boolean operand =
        switch (tokens.peek().kind()) {
          case STRING, INTEGER, FLOAT -> true;
          case NAME ->
              !Set.of("else", "or", "and", "if", "is", "in", "not").contains(tokens.peek().text());
          case OPERATOR -> Set.of("[", "{").contains(tokens.peek().text());
          default -> false;
        };
    return operand ? new ArgumentList(List.of(postfix(primary())), Map.of()) : ArgumentList.NONE;
  }
}
