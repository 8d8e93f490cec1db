package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Template.Expression;
import io.phalanx.llm.tokenizer.jinja.Template.Flow;
import io.phalanx.llm.tokenizer.jinja.Template.Statement;
import java.util.ArrayList;
import java.util.List;

/** A loop; its variables are its own, and a filter hides elements before they are counted. */
record ForStatement(
    List<String> targets,
    Expression elements,
    Expression filter,
    boolean recursive,
    Statement body,
    Statement otherwise)
    implements Statement {

  @Override
  public Flow execute(Scope scope, Text.Builder out) {
    int depth = scope.get("loop") instanceof Loop outer ? outer.depth() + 1 : 1;
    return run(elements.evaluate(scope), depth, scope, out);
  }

  private Flow run(Object iterable, int depth, Scope scope, Text.Builder out) {
    List<Object> items = items(iterable, scope);
    if (items.isEmpty()) {
      return otherwise.execute(scope, out);
    }
    Loop loop = new Loop(items, depth, recursion(depth, scope));
    for (int i = 0; i < items.size(); i++) {
      Scope inner = scope.child();
      loop.moveTo(i);
      inner.set("loop", loop);
      Parser.assign(inner, targets, items.get(i), scope.budget());
      if (body.execute(inner, out) == Flow.BREAK) {
        break;
      }
    }
    return Flow.NEXT;
  }

  private List<Object> items(Object iterable, Scope scope) {
    List<Object> items = new ArrayList<>();
    for (Object item : Values.elements(iterable, scope.budget())) {
      scope.budget().spendStep();
      Scope inner = scope.child();
      Parser.assign(inner, targets, item, scope.budget());
      if (Values.isTrue(filter.evaluate(inner))) {
        items.add(item);
      }
    }
    return items;
  }

  /** Returns what {@code loop(elements)} does: this loop again, over others. */
  private Callable recursion(int depth, Scope scope) {
    return (arguments, budget) -> {
      if (!recursive) {
        throw new TemplateException("loop() needs a for statement that says recursive");
      }
      budget.enterCall();
      Text.Builder out = new Text.Builder(budget);
      run(arguments.require(0, "iterable"), depth + 1, scope, out);
      budget.leaveCall();
      return out.build();
    };
  }
}
