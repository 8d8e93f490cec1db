package io.phalanx.http.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code phalanx delete}: stops serving a model. */
@Command(
    name = "delete",
    description = {
      "Stops serving a model: its replicas finish their requests and give back what they hold.",
      "Returns when that is done."
    },
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class DeleteCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private AdminOptions admin;

  @Parameters(paramLabel = "MODEL", description = "The model's id.")
  private String model;

  @Override
  public Integer call() {
    return admin.print(spec, admin.client().delete("deployments/" + AdminClient.segment(model)));
  }
}
