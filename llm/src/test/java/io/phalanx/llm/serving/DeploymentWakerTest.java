package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

final class DeploymentWakerTest {
  private static final ActorTestKit testKit = ActorTestKit.create();

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @Test
  void everyRemembered_isWokenAgainAndAgain() throws InterruptedException {
    RecordsInMemory records = new RecordsInMemory();
    records.write(DesiredDeployment.first(LlmConfig.builder().modelId("a").build(), "1", 0));
    BlockingQueue<String> woken = new LinkedBlockingQueue<>();

    testKit.spawn(DeploymentWaker.create(records, woken::add));

    assertThat(woken.poll(10, TimeUnit.SECONDS)).isEqualTo("a");
    assertThat(woken.poll(10, TimeUnit.SECONDS)).isEqualTo("a");
  }
}
