package io.phalanx.llm.tokenizer.jinja;

import java.time.Clock;
import java.util.Map;

/** A parsed template; safe for many threads. */
public final class Template {

  /** Computes a value. */
  @FunctionalInterface
  interface Expression {
    Object evaluate(Scope scope);
  }

  /** Writes output and sets variables. */
  @FunctionalInterface
  interface Statement {
    Flow execute(Scope scope, Text.Builder out);
  }

  /** What comes after a statement. */
  enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  private final Statement body;
  private final Clock clock;

  private Template(Statement body, Clock clock) {
    this.body = body;
    this.clock = clock;
  }

  /**
   * Parses a template.
   *
   * @param clock what {@code strftime_now} reads
   * @throws TemplateException if it is not Jinja, or uses what chat templates have no use for
   */
  public static Template parse(String source, Clock clock) {
    try {
      return new Template(new Parser(Lexer.tokens(source)).template(), clock);
    } catch (StackOverflowError e) {
      throw new TemplateException("it is nested too deep");
    }
  }

  /**
   * Renders the template.
   *
   * @param modelVariables variables of the model's own files; strings in them are the template's
   * @param userVariables variables that came with the request; strings in them are the user's
   *     unless they are {@link Text}
   * @throws TemplateException if the template refuses them, in its own words, or a limit is reached
   */
  public Text render(Map<String, ?> modelVariables, Map<String, ?> userVariables, Limits limits) {
    Budget budget = new Budget(limits);
    Scope scope = new Scope(budget);
    Functions.define(scope, clock);
    userVariables.forEach((name, value) -> scope.set(name, Values.of(value, Text::ofUser)));
    modelVariables.forEach((name, value) -> scope.set(name, Values.of(value, Text::ofTemplate)));
    Text.Builder out = new Text.Builder(budget);
    body.execute(scope, out);
    return out.build();
  }
}
