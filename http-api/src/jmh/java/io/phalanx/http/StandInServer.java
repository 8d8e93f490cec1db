package io.phalanx.http;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.serving.StandInReplicas;
import io.phalanx.runtime.metrics.Metrics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;

/**
 * Serves two models until its standard input ends, so that a load generator sees what HTTP, routing,
 * engine and streams cost: {@code stand-in} computes nothing, and the steps of {@code stepping}, which
 * compute nothing either, take 20 ms.
 *
 * <p>Arguments: the port, the model directory, the most streams at the same time.
 */
public final class StandInServer {
  private static final Duration STEP = Duration.ofMillis(20);

  private StandInServer() {}

  /** Prints READY once it serves. */
  public static void main(String[] args) throws IOException {
    int port = Integer.parseInt(args[0]);
    Config node = nodeConfig("phalanx.http.port = " + port);
    ActorTestKit testKit = ActorTestKit.create(node.withFallback(ConfigFactory.load()));
    Path directory = Path.of(args[1]);
    Metrics metrics = new Metrics();
    int streams = Integer.parseInt(args[2]);
    ModelHandle standIn = StandInReplicas.start(testKit, directory, streams, metrics);
    ModelHandle stepping = stepping(testKit, directory, streams, metrics);
    try (TestServer server =
        TestServer.start(FakeModels.of(standIn, stepping), node.root().render(), metrics)) {
      System.out.println("READY " + server.baseUrl());
      while (System.in.read() >= 0) {
        // what comes in means nothing
      }
    } finally {
      testKit.shutdownTestKit();
    }
  }

  /** Returns the threads that a node has, and what else is given. */
  private static Config nodeConfig(String others) {
    return ConfigFactory.parseString(others)
        .withFallback(ConfigFactory.load().getConfig("phalanx.pekko").withOnlyPath("actor").atPath("pekko"))
        .withoutPath("pekko.actor.provider");
  }

  private static ModelHandle stepping(
      ActorTestKit testKit, Path directory, int streams, Metrics metrics) {
    LlmConfig config =
        LlmConfig.builder().modelId("stepping").maxNumSeqs(streams).maxModelLen(512).build();
    StandInReplicas.Ranks ranks = new StandInReplicas.Ranks(directory, STEP, StandInReplicas.BLOCKS);
    return StandInReplicas.start(testKit, config, 1, ranks, metrics).model();
  }
}
