package io.phalanx.http.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import io.phalanx.llm.DeploymentPreflight;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigs;
import io.phalanx.llm.Phalanx;
import io.phalanx.llm.bench.BenchResult;
import io.phalanx.llm.bench.Workload;
import io.phalanx.llm.bench.WorkloadRunner;
import io.phalanx.llm.hub.HubSettings;
import io.phalanx.runtime.device.NativeRuntime;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.pekko.stream.Materializer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code phalanx bench}: how fast a model answers on this machine, without HTTP. */
@Command(
    name = "bench",
    description = {
      "Measures the throughput and latency of a model on this machine, without HTTP:",
      "a prompt alone (prefill), then each number of streams at once. Rates are tokens per second,",
      "times milliseconds; prompts are drawn at random and all differ."
    },
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class BenchCommand implements Callable<Integer> {
  private static final String MODEL_ID = "bench";
  private static final long SEED = 7;
  private static final int MAX_RANKS = 8;

  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = {
        "A model directory, a name on the hub, or embedded, on one node with a device for each rank;",
        "by default the one model of CONF."
      })
  private @Nullable String model;

  @Option(
      names = "--streams",
      split = ",",
      defaultValue = "1,8,16",
      description = "Streams at once, one run for each (default: ${DEFAULT-VALUE}).")
  private List<Integer> streams;

  @Option(
      names = "--rounds",
      defaultValue = "1",
      description = "Requests of each stream (default: ${DEFAULT-VALUE}; 3 with one stream).")
  private int rounds;

  @Option(
      names = "--prompt-tokens",
      defaultValue = "128",
      description = "Tokens of each prompt (default: ${DEFAULT-VALUE}).")
  private int promptTokens;

  @Option(
      names = "--output-tokens",
      defaultValue = "64",
      description = "Tokens of each answer (default: ${DEFAULT-VALUE}).")
  private int outputTokens;

  @Option(
      names = "--prefill-tokens",
      defaultValue = "1024",
      description = "Tokens of the prompt computed alone; 0 leaves it out (default: 1024).")
  private int prefillTokens;

  @Option(
      names = "--engine",
      paramLabel = "KEY=VALUE",
      description = "With --model: an engine argument, as tensor-parallel-size=2; repeatable.")
  private Map<String, String> engine = new LinkedHashMap<>();

  @Option(names = "--json", paramLabel = "FILE", description = "Also writes the results as JSON.")
  private @Nullable Path json;

  @Override
  public Integer call() {
    List<Workload> workloads = workloads();
    Config config = config(workloads);
    List<LlmConfig> models = LlmConfigs.parse(config);
    if (models.size() != 1) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "phalanx.llm-configs has " + models.size() + " models; bench takes one");
    }
    DeploymentPreflight.check(models, HubSettings.of(config));
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    NativeRuntime.load(new UnpackReport(err::println));
    try (Phalanx phalanx = Phalanx.start(config, models, line -> say(err, "  " + line))) {
      List<BenchResult> results = run(phalanx, models.get(0).modelId(), workloads, out, err);
      writeJson(results);
    }
    return 0;
  }

  private List<Workload> workloads() {
    List<Workload> workloads = new ArrayList<>();
    if (prefillTokens > 0) {
      workloads.add(Workload.prefill(prefillTokens, 2));
    }
    for (int count : streams) {
      int requests = count == 1 ? 3 * rounds : count * rounds;
      workloads.add(Workload.generate(count, requests, promptTokens, outputTokens));
    }
    return workloads;
  }

  /** The user's file, or one made for the model: a single node with a device for each rank. */
  private Config config(List<Workload> workloads) {
    options.override("phalanx.http.port", 0);
    if (model != null) {
      int length = workloads.stream().mapToInt(Workload::sequenceTokens).max().orElse(1);
      int sequences = workloads.stream().mapToInt(Workload::streams).max().orElse(1);
      engine.putIfAbsent("max-model-len", String.valueOf(length));
      engine.putIfAbsent("max-num-seqs", String.valueOf(sequences));
      options.override("phalanx.local-cluster.nodes", 1);
      options.override("phalanx.local-cluster.gpus-per-node", MAX_RANKS);
      options.override("phalanx.llm-configs", "[ { " + hocon(model) + " } ]");
    } else if (!engine.isEmpty()) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "--engine " + engine + ": only with --model; else write it to engine-kwargs in CONF");
    }
    return options.load();
  }

  private String hocon(String source) {
    StringBuilder hocon = new StringBuilder();
    hocon.append("model-loading-config { model-id = ").append(MODEL_ID);
    hocon.append(", model-source = ").append(quoted(source)).append(" }, engine-kwargs {");
    engine.forEach(
        (key, value) -> hocon.append(' ').append(key).append(" = ").append(value).append(','));
    return hocon.append(" }").toString();
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  private static List<BenchResult> run(
      Phalanx phalanx, String modelId, List<Workload> workloads, PrintWriter out, PrintWriter err) {
    Materializer materializer = Materializer.matFromSystem(phalanx.system().classicSystem());
    WorkloadRunner runner =
        new WorkloadRunner(phalanx.model(modelId), materializer, SEED, System::nanoTime);
    warmUp(runner, workloads.get(0));
    BenchReport.head().forEach(line -> say(out, line));
    List<BenchResult> results = new ArrayList<>();
    for (Workload workload : workloads) {
      progress(err, BenchReport.bar(workload, 0));
      BenchResult result =
          runner.run(workload, finished -> progress(err, BenchReport.bar(workload, finished)));
      progress(err, "\r\u001b[K");
      say(out, BenchReport.row(result));
      results.add(result);
    }
    return results;
  }

  /** The first steps touch weights and compile code; they count for nothing. */
  private static void warmUp(WorkloadRunner runner, Workload first) {
    runner.run(Workload.generate(1, 1, first.promptTokens(), first.outputTokens()), finished -> {});
  }

  private void writeJson(List<BenchResult> results) {
    if (json == null) {
      return;
    }
    try {
      List<Map<String, Object>> rows = results.stream().map(BenchResult::fields).toList();
      new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(json.toFile(), rows);
    } catch (IOException e) {
      throw new UncheckedIOException("--json: cannot write " + json + ": " + e.getMessage(), e);
    }
  }

  private static void progress(PrintWriter err, String text) {
    err.print(text);
    err.flush();
  }

  private static void say(PrintWriter out, String line) {
    out.println(line);
    out.flush();
  }
}
