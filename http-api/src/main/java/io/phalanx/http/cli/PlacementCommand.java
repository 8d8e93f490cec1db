package io.phalanx.http.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import io.phalanx.http.model.PlanRequest.Wanted;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigs;
import io.phalanx.llm.ReplicaBundles;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code phalanx placement}: what an operator asks of a running cluster; changes nothing. */
@Command(
    name = "placement",
    description = "Shows and explains the placement of a running cluster, and plans on it.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class PlacementCommand implements Callable<Integer> {
  private static final int DOES_NOT_FIT = 1;
  private static final int WRONG_INPUT = 2;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return WRONG_INPUT;
  }

  @Command(
      name = "list",
      description = "Lists the placement groups.",
      mixinStandardHelpOptions = true)
  int list(@Mixin AdminOptions admin) {
    return admin.print(spec, admin.client().get("placement/groups"));
  }

  @Command(
      name = "nodes",
      description = "Shows the nodes, what is free on them, and who holds which GPU.",
      mixinStandardHelpOptions = true)
  int nodes(@Mixin AdminOptions admin) {
    return admin.print(spec, admin.client().get("placement/nodes"));
  }

  @Command(
      name = "show",
      description = "Shows the bundles of a placement group, their nodes and devices.",
      mixinStandardHelpOptions = true)
  int show(
      @Mixin AdminOptions admin,
      @Parameters(paramLabel = "GROUP", description = "Its id or name.") String group) {
    return admin.print(spec, admin.client().get("placement/groups/" + AdminClient.segment(group)));
  }

  @Command(
      name = "explain",
      description = "Says why a placement group waits, and what would make it fit.",
      mixinStandardHelpOptions = true)
  int explain(
      @Mixin AdminOptions admin,
      @Parameters(paramLabel = "GROUP", description = "Its id or name.") String group) {
    return admin.print(
        spec, admin.client().get("placement/groups/" + AdminClient.segment(group) + "/explain"));
  }

  @Command(
      name = "plan",
      description = {
        "Shows where the models of a configuration would go on the running cluster as it is, or as",
        "it would be with nodes added, removed or drained. Exits with 1 if not all would fit."
      },
      mixinStandardHelpOptions = true)
  int plan(
      @Mixin AdminOptions admin,
      @Mixin ConfigOptions options,
      @Option(
              names = "--add-node",
              paramLabel = "KEY=N,...",
              description =
                  "A node more: gpus=8,cpus=64,memory=256GiB,accelerator-type=L4,count=2,label.rack=a.")
          @Nullable List<String> added,
      @Option(
              names = "--remove-node",
              paramLabel = "HOST:PORT",
              description = "As if this node were gone.")
          @Nullable List<String> removed,
      @Option(
              names = "--drain-node",
              paramLabel = "HOST:PORT",
              description = "As if this node took nothing new.")
          @Nullable List<String> drained) {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    addGroups(body, options.load());
    orEmpty(added).forEach(text -> body.withArray("add_nodes").add(AddedNode.parse(text)));
    orEmpty(removed).forEach(body.withArray("remove_nodes")::add);
    orEmpty(drained).forEach(body.withArray("drain_nodes")::add);
    AdminClient.Answer answer = admin.client().post("placement/plan", body.toString());
    admin.print(spec, answer);
    return answer.fits() ? 0 : DOES_NOT_FIT;
  }

  private static List<String> orEmpty(@Nullable List<String> values) {
    return values == null ? List.of() : values;
  }

  private static void addGroups(ObjectNode body, Config config) {
    for (LlmConfig model : LlmConfigs.parse(config)) {
      int replicas = Math.max(1, model.deploymentConfig().autoscaling().minReplicas());
      Wanted wanted =
          new Wanted(
              ReplicaBundles.group(model, model.modelId()),
              replicas * model.parallel().dataParallelSize());
      body.withArray("groups").add(wanted.toJson());
    }
  }
}
