package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.metrics.Metrics;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** {@link TokenBuffer} between a router that is an inbox and a reader. */
final class TokenBufferTest {
  private final TestInbox<ReplicaRouter.Command> router = TestInbox.create();
  private final Metrics metrics = new Metrics();
  private final GenerationRequest request =
      new GenerationRequest("r", new int[] {1}, SamplingParams.greedy(2_000));
  private final TokenBuffer buffer =
      TokenBuffer.open(router.getRef(), request, new ModelMetrics("m", metrics).request(request));
  private final AtomicInteger wakes = new AtomicInteger();

  private void put(int position, @Nullable FinishReason reason) {
    buffer.event(new TokenEvent("r", position, 7, position + " ", reason));
  }

  @Test
  void open_aRequest_sendsItAndIsItsSink() {
    assertThat(router.receiveMessage()).isEqualTo(new ReplicaRouter.Open(request, buffer));
    assertThat(buffer.poll()).isNull();
  }

  @Test
  void poll_slowReader_getsEveryTextInBoundedEvents() {
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 1_000; i++) {
      put(i, i == 999 ? FinishReason.LENGTH : null);
      expected.append(i).append(' ');
    }

    StringBuilder text = new StringBuilder();
    int events = 0;
    TokenEvent last = null;
    for (TokenEvent event = buffer.poll(); event != null; event = buffer.poll()) {
      text.append(event.text());
      events++;
      last = event;
    }
    assertThat(text).hasToString(expected.toString());
    assertThat(events).isEqualTo(TokenBuffer.MAX_PENDING);
    assertThat(last).extracting(TokenEvent::finishReason).isEqualTo(FinishReason.LENGTH);
    assertThat(metrics.exposition())
        .contains("time_to_first_token_seconds_count{model_name=\"m\"} 1\n")
        .contains("inter_token_latency_seconds_count{model_name=\"m\"} 999\n");
  }

  @Test
  void onReady_severalEvents_runsOnce() {
    buffer.onReady(wakes::incrementAndGet);
    assertThat(wakes).hasValue(0);

    put(0, null);
    put(1, null);
    assertThat(wakes).hasValue(1);

    buffer.onReady(wakes::incrementAndGet);
    assertThat(wakes).as("at once, since there is something").hasValue(2);
  }

  @Test
  void fail_afterAnEvent_isSeenAfterItAndAgain() {
    buffer.onReady(wakes::incrementAndGet);
    put(0, null);
    buffer.fail(new ServingException(ErrorCode.REPLICA_FAILED, "gone"));

    assertThat(buffer.poll()).isNotNull();
    assertThatThrownBy(buffer::poll).hasMessage("gone");
    assertThatThrownBy(buffer::poll).hasMessage("gone");
    buffer.onReady(wakes::incrementAndGet);
    assertThat(wakes).hasValue(2);
  }

  @Test
  void cancel_whileItRuns_tellsTheRouterOnce() {
    router.receiveMessage();
    buffer.cancel();
    buffer.cancel();

    assertThat(router.getAllReceived()).containsExactly(new ReplicaRouter.Cancel("r", buffer));
  }

  @Test
  void cancel_afterTheLastEvent_tellsNobody() {
    router.receiveMessage();
    put(0, FinishReason.STOP);
    buffer.cancel();

    assertThat(router.hasMessages()).isFalse();
  }
}
