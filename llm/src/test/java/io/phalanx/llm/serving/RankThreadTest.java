package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.StepOutput;
import io.phalanx.runtime.collective.ProcessGroup;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How a {@link RankThread} ends. */
final class RankThreadTest {
  private static final int WAIT_SECONDS = 20;

  private final RankThread thread = new RankThread("rank-0 of test", new Listener());

  @Test
  void halt_whileRanksMeet_endsTheMeeting() throws Exception {
    CompletableFuture<Void> met = new CompletableFuture<>();
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    thread.submit(() -> thread.join(() -> meetNobody(met, interrupted)));
    met.get(WAIT_SECONDS, TimeUnit.SECONDS);

    thread.halt("its replica has ended");

    assertThat(interrupted.get(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
  }

  private static ProcessGroup meetNobody(
      CompletableFuture<Void> met, CompletableFuture<Boolean> interrupted) {
    met.complete(null);
    try {
      return new CompletableFuture<ProcessGroup>().get();
    } catch (InterruptedException e) {
      interrupted.complete(true);
      throw new IllegalStateException(e);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static final class Listener implements RankThread.Listener {
    @Override
    public void onLayers(long step) {}

    @Override
    public void onOutput(StepOutput output) {}

    @Override
    public void onFailure(Throwable failure) {}
  }
}
