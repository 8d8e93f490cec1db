package io.phalanx.http.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code phalanx scale}: gives a model another number of replicas. */
@Command(
    name = "scale",
    description = {
      "Aims at a number of replicas (under data parallelism: gangs) from min-replicas to",
      "max-replicas, until autoscaling decides otherwise. Returns at once."
    },
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ScaleCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private AdminOptions admin;

  @Parameters(index = "0", paramLabel = "MODEL", description = "The model's id.")
  private String model;

  @Parameters(index = "1", paramLabel = "REPLICAS", description = "How many.")
  private int replicas;

  @Override
  public Integer call() {
    String body = JsonNodeFactory.instance.objectNode().put("replicas", replicas).toString();
    return admin.print(
        spec, admin.client().post("deployments/" + AdminClient.segment(model) + "/scale", body));
  }
}
