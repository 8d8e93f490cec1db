package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.Phalanx;
import io.phalanx.placement.PlacementStrategy;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A model over two further JVMs whose ranks are told to talk as those of several machines do. */
@Timeout(240) // seconds; a replica that never gets ready would wait for ever
final class AcrossMachinesByGlooTest {

  @Test
  void generate_tensorAndPipelineParallelByGloo_givesTheReferenceTokens() throws Exception {
    GoldenModel golden = GoldenModel.load("llama-tiny");
    String oneNode =
        "phalanx.local-cluster { nodes = 1, gpus-per-node = 0, accelerator-type = L4 }";
    try (Phalanx phalanx =
            Phalanx.launch(
                ConfigFactory.parseString(oneNode).withFallback(ConfigFactory.load()),
                List.of(),
                line -> {});
        NodeProcess second = start("127.0.0.2", phalanx);
        NodeProcess third = start("127.0.0.3", phalanx)) {
      phalanx.deploy(
          golden
              .config("m")
              .tensorParallelSize(2)
              .pipelineParallelSize(2)
              .strategy(PlacementStrategy.SPREAD)
              .build());
      phalanx.awaitReady();

      Generations.assertGolden(phalanx, "m", golden);

      assertThat(phalanx.status().deployments().get(0).replicas().get(0).ranks())
          .extracting(RankInfo::address)
          .contains(second.address(), third.address());
    }
  }

  private static NodeProcess start(String host, Phalanx phalanx) throws Exception {
    return NodeProcess.start(host, 2, phalanx.nodes().get(0).address().toString(), "gloo");
  }
}
