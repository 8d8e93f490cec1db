package io.phalanx.http.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code phalanx status}: what a running cluster serves, and why it has so many replicas. */
@Command(
    name = "status",
    description = "Shows what a running cluster serves, with all replicas of a single MODEL.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class StatusCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Spec private CommandSpec spec;
  @Mixin private AdminOptions admin;

  @Parameters(arity = "0..1", paramLabel = "MODEL", description = "One model; by default all.")
  private @Nullable String model;

  @Option(
      names = "--decisions",
      description = "Shows what autoscaling decided, from what and why, the latest last.")
  private boolean decisions;

  @Override
  public Integer call() {
    if (!decisions) {
      String path = model == null ? "deployments" : "deployments/" + AdminClient.segment(model);
      return admin.print(spec, admin.client().get(path));
    }
    return model == null ? decisionsOfAll() : admin.print(spec, decisionsOf(model));
  }

  private AdminClient.Answer decisionsOf(String id) {
    return admin.client().get("deployments/" + AdminClient.segment(id) + "/decisions");
  }

  private int decisionsOfAll() {
    List<String> ids =
        parse(admin.jsonClient().get("deployments").body()).path("data").findValuesAsText("id");
    PrintWriter out = spec.commandLine().getOut();
    out.println(admin.json() ? jsonOfAll(ids) : String.join("\n", tablesOfAll(ids)));
    out.flush();
    return 0;
  }

  private List<String> tablesOfAll(List<String> ids) {
    return ids.isEmpty()
        ? List.of("No model is deployed.")
        : ids.stream().map(id -> id + "\n" + decisionsOf(id).body()).toList();
  }

  private ObjectNode jsonOfAll(List<String> ids) {
    ObjectNode all = JSON.createObjectNode().put("object", "list");
    all.putArray("data");
    for (String id : ids) {
      ObjectNode one = all.withArray("data").addObject().put("id", id);
      one.set("decisions", parse(decisionsOf(id).body()).path("data"));
    }
    return all;
  }

  private static JsonNode parse(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new ServingException(
          ErrorCode.INTERNAL, "--url: the answer is none of a Phalanx endpoint", e);
    }
  }
}
