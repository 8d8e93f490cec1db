package io.phalanx.http;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.serving.StandInReplicas;
import io.phalanx.runtime.metrics.Metrics;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;

/**
 * Serves a model that computes nothing, named {@code stand-in}, until its standard input ends, so
 * that a load generator sees what HTTP, routing, engine and streams cost.
 *
 * <p>Arguments: the port, the model directory, the most streams at the same time.
 */
public final class StandInServer {

  private StandInServer() {}

  /** Prints READY once it serves. */
  public static void main(String[] args) throws IOException {
    int port = Integer.parseInt(args[0]);
    ActorTestKit testKit = ActorTestKit.create(ConfigFactory.load());
    Metrics metrics = new Metrics();
    ModelHandle model =
        StandInReplicas.start(testKit, Path.of(args[1]), Integer.parseInt(args[2]), metrics);
    try (TestServer server =
        TestServer.start(FakeModels.of(model), "phalanx.http.port = " + port)) {
      System.out.println("READY " + server.baseUrl());
      while (System.in.read() >= 0) {
        // what comes in means nothing
      }
    } finally {
      testKit.shutdownTestKit();
    }
  }
}
