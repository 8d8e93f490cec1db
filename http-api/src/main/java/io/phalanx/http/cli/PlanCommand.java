package io.phalanx.http.cli;

import com.typesafe.config.Config;
import io.phalanx.http.HttpSettings;
import io.phalanx.llm.DeploymentPreflight;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigs;
import io.phalanx.llm.hub.HubSettings;
import io.phalanx.runtime.RuntimeSettings;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code phalanx plan}: checks a configuration and shows where it would go; starts nothing. */
@Command(
    name = "plan",
    description = {
      "Checks a configuration file and shows where its replicas would go on the local cluster.",
      "Starts and fetches nothing. Exits with 1 if a replica would have to wait for resources."
    },
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class PlanCommand implements Callable<Integer> {
  private static final int DOES_NOT_FIT = 1;

  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options;

  @Override
  public Integer call() {
    Config config = options.load();
    HttpSettings.of(config);
    RuntimeSettings settings = RuntimeSettings.of(config);
    List<LlmConfig> models = LlmConfigs.parse(config);
    List<String> sources = DeploymentPreflight.check(models, HubSettings.of(config));
    PlanReport report = new PlanReport(PlannedCluster.of(settings));
    PrintWriter out = spec.commandLine().getOut();
    report.nodes().forEach(out::println);
    boolean fits = true;
    for (int i = 0; i < models.size(); i++) {
      fits &= report.model(models.get(i), sources.get(i), out::println);
    }
    out.flush();
    return fits ? 0 : DOES_NOT_FIT;
  }
}
