package io.phalanx.http;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.Phalanx;
import io.phalanx.llm.serving.Deployments;
import java.util.List;

/** A node with room for three replicas of the embedded model, and at first without any model. */
public final class DeploymentCluster implements AutoCloseable {
  private final Phalanx phalanx =
      Phalanx.launch(
          ConfigFactory.parseString(
                  """
                  phalanx.http.port = 0
                  phalanx.local-cluster {
                    nodes = 1, gpus-per-node = 3, cpus-per-node = 16, accelerator-type = L4
                  }
                  """)
              .withFallback(ConfigFactory.load()),
          List.of(),
          line -> {});

  private DeploymentCluster() {}

  /** Starts it. */
  public static DeploymentCluster start() {
    return new DeploymentCluster();
  }

  /** Deploys the embedded model, from one to two replicas. */
  public void deploy(String modelId) {
    LlmConfig config =
        LlmConfig.builder()
            .modelId(modelId)
            .modelSource("embedded")
            .minReplicas(1)
            .maxReplicas(2)
            .build();
    deployments().deploy(config).toCompletableFuture().join();
  }

  /** Deletes a model, if it is deployed. */
  public void delete(String modelId) {
    deployments().delete(modelId).toCompletableFuture().join();
  }

  private Deployments deployments() {
    return Deployments.of(phalanx.system());
  }

  /** Returns the URL of the endpoint. */
  public String url() {
    return "http://127.0.0.1:"
        + HttpEndpoint.of(phalanx.system()).address().toCompletableFuture().join().getPort();
  }

  @Override
  public void close() {
    phalanx.close();
  }
}
