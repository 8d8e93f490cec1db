package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Template.Expression;
import io.phalanx.llm.tokenizer.jinja.Template.Statement;
import java.util.List;

/** A macro: what it writes is the value of a call. */
record Macro(String name, List<Parameter> parameters, Statement body, Scope defined)
    implements Callable {

  /** A parameter and the value that it has if a call leaves it out. */
  record Parameter(String name, Expression otherwise) {}

  @Override
  public Object call(Arguments arguments, Budget budget) {
    if (arguments.positional().size() > parameters.size()) {
      throw new TemplateException(
          "macro " + name + " takes at most " + parameters.size() + " arguments");
    }
    budget.enterCall();
    Scope scope = defined.child();
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      Object given = arguments.get(i, parameter.name(), None.NONE);
      boolean isGiven =
          i < arguments.positional().size() || arguments.named().containsKey(parameter.name());
      scope.set(parameter.name(), isGiven ? given : parameter.otherwise().evaluate(scope));
    }
    Text.Builder out = new Text.Builder(budget);
    body.execute(scope, out);
    budget.leaveCall();
    return out.build();
  }
}
