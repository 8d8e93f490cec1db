package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.Phalanx;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.apache.pekko.Done;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How a wait for models ends that cannot be placed: no node has their accelerator. */
@Timeout(120) // seconds; a wait that never ends would be waited for
final class ReadinessWatchTest {
  private static final Duration WAIT = Duration.ofSeconds(10);
  private static final LlmConfig UNPLACEABLE =
      GoldenModel.load("llama-tiny").config("m").acceleratorType("H100").build();

  @Test
  void nodeStops_whileAModelIsWaitedFor_isTheReason() throws Exception {
    Phalanx phalanx = Phalanx.launch(FourGpus.config(), List.of(UNPLACEABLE), line -> {});
    CountDownLatch told = new CountDownLatch(1);
    CompletionStage<Done> ready =
        ReadinessWatch.begin(phalanx.system(), Set.of("m"), status -> told.countDown());
    told.await();

    phalanx.close();

    assertFails(ready, ErrorCode.NOT_READY, "node stops");
  }

  @Test
  void modelIsDeleted_whileItIsWaitedFor_isTheReason() throws Exception {
    try (Phalanx phalanx = Phalanx.launch(FourGpus.config(), List.of(UNPLACEABLE), line -> {})) {
      CountDownLatch told = new CountDownLatch(1);
      CompletionStage<Done> ready =
          ReadinessWatch.begin(phalanx.system(), Set.of("m"), status -> told.countDown());
      told.await();

      phalanx.delete("m");

      assertFails(ready, ErrorCode.MODEL_NOT_FOUND, "was deleted");
    }
  }

  private static void assertFails(CompletionStage<Done> ready, ErrorCode code, String reason) {
    assertThat(ready.toCompletableFuture())
        .failsWithin(WAIT)
        .withThrowableOfType(ExecutionException.class)
        .havingCause()
        .isInstanceOfSatisfying(ServingException.class, e -> assertThat(e.code()).isEqualTo(code))
        .withMessageContaining(reason);
  }
}
