package io.phalanx.llm.tokenizer.jinja;

import com.fasterxml.jackson.databind.JsonNode;
import io.phalanx.llm.tokenizer.Goldens;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Rendering a chat template over the messages of a golden test. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up
public class TemplateMicrobenchmark {

  /** The golden test. */
  @Param({"chatml-several-turns", "headers-several-turns", "gemma-several-turns"})
  public String golden;

  private Template template;
  private Map<String, Object> variables;

  /** Parses the template. */
  @Setup
  public void parse() {
    JsonNode test = Goldens.template(golden + ".json");
    variables = new HashMap<>(Goldens.values(test));
    variables.putAll(Goldens.values(test.path("variables")));
    template = Template.parse(test.path("template").asText(), Clock.systemUTC());
  }

  /** Returns the rendered prompt. */
  @Benchmark
  public Text render() {
    return template.render(Map.of(), variables, Limits.forInput(0));
  }
}
