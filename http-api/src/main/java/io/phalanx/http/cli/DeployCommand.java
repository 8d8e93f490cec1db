package io.phalanx.http.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.http.model.LlmConfigJson;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigs;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code phalanx deploy}: makes a running cluster serve what a file says. */
@Command(
    name = "deploy",
    description = {
      "Creates or updates each model of a configuration file on a running cluster; models that the",
      "file does not name stay as they are. Returns at once, while replicas still load."
    },
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class DeployCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private AdminOptions admin;
  @Mixin private ConfigOptions options;

  @Override
  public Integer call() {
    List<LlmConfig> models = LlmConfigs.parse(options.load());
    for (LlmConfig model : models) {
      String path = "deployments/" + AdminClient.segment(model.modelId());
      ObjectNode json = withAbsolutePaths(LlmConfigJson.write(model));
      admin.print(spec, admin.client().put(path, json.toString()));
    }
    return 0;
  }

  /** The cluster need not run where this command does. */
  private static ObjectNode withAbsolutePaths(ObjectNode config) {
    ObjectNode model = config.withObject("/model-loading-config");
    for (String key : List.of("model-source", "tokenizer-source")) {
      if (model.has(key)) {
        model.put(key, absoluteIfDirectory(model.path(key).asText()));
      }
    }
    return config;
  }

  private static String absoluteIfDirectory(String source) {
    try {
      Path path = Path.of(source);
      return Files.isDirectory(path) ? path.toAbsolutePath().normalize().toString() : source;
    } catch (InvalidPathException e) {
      return source;
    }
  }
}
