package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Template.Expression;
import io.phalanx.llm.tokenizer.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Turns expressions into {@link Expression}s, with Jinja's precedence. */
final class ExpressionParser {
  private static final int MAX_DEPTH = 64;
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");

  /** Binary operators from the loosest to the tightest; {@code ~} stands between them. */
  private static final Set<String> SUMS = Set.of("+", "-");

  private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");

  private final Tokens tokens;
  private final AtomParser atoms;
  private final SuffixParser suffixes;
  private int depth;

  ExpressionParser(Tokens tokens) {
    this.tokens = tokens;
    this.atoms = new AtomParser(tokens, this);
    this.suffixes = new SuffixParser(tokens, this, atoms);
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
    Expression list = AtomParser.list(elements);
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
      value = atoms.atom();
    }
    Expression whole = suffixes.postfix(value);
    return withFilters ? suffixes.filters(whole, false) : whole;
  }

  /** Parses what may follow a value; see {@link SuffixParser#filters}. */
  Expression filters(Expression value, boolean bare) {
    return suffixes.filters(value, bare);
  }
}
