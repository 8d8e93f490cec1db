package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Callable.Arguments;
import io.phalanx.llm.tokenizer.jinja.Template.Expression;
import io.phalanx.llm.tokenizer.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Parses what may follow a value: attributes, subscripts, calls, filters and tests. */
final class SuffixParser {
  private final Tokens tokens;
  private final ExpressionParser expressions;
  private final AtomParser atoms;

  SuffixParser(Tokens tokens, ExpressionParser expressions, AtomParser atoms) {
    this.tokens = tokens;
    this.expressions = expressions;
    this.atoms = atoms;
  }

  /** Parses the attributes, subscripts and calls that follow a value. */
  Expression postfix(Expression value) {
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
        bound = expressions.expression();
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
        named.put(name, expressions.expression());
      } else {
        positional.add(expressions.expression());
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
    return operand ? new ArgumentList(List.of(postfix(atoms.atom())), Map.of()) : ArgumentList.NONE;
  }
}
