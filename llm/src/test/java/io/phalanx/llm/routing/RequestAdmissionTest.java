package io.phalanx.llm.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.EngineSettings;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.RequestTerms;
import io.phalanx.llm.engine.SchedulingPolicy;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Who is sent, who waits and who is refused. */
final class RequestAdmissionTest {
  private static final Optional<Duration> ANY_TIME = Optional.empty();

  private static RequestAdmission<String, String> admission(
      int maxQueued, SchedulingPolicy policy) {
    return new RequestAdmission<>(
        new AdmissionLimits("m", maxQueued, 1, 1, policy),
        new PowerOfTwoChoices<>(new SplittableRandom(1)));
  }

  private static RequestAdmission<String, String> fullReplica(
      int maxQueued, SchedulingPolicy policy) {
    RequestAdmission<String, String> admission = admission(maxQueued, policy);
    admission.loads().add("replica");
    assertThat(admission.offer("first", Requests.of("r", 4, 6), ANY_TIME, 0))
        .isEqualTo(new RequestAdmission.Sent<String, String>("replica"));
    return admission;
  }

  @Test
  void offer_withoutReplica_waitsUntilOneComes() {
    RequestAdmission<String, String> admission = admission(4, SchedulingPolicy.FCFS);

    assertThat(admission.offer("a", Requests.of("a", 4, 6), ANY_TIME, 0))
        .isInstanceOf(RequestAdmission.Waits.class);
    assertThat(admission.poll()).isEmpty();
    admission.loads().add("replica");

    assertThat(admission.poll())
        .contains(new RequestAdmission.Dispatched<String, String>("a", "replica"));
    assertThat(admission.size()).isZero();
  }

  @Test
  void offer_tooManyWait_isRefusedWithATimeToComeBack() {
    RequestAdmission<String, String> admission = fullReplica(1, SchedulingPolicy.FCFS);
    admission.offer("second", Requests.ofPriority(9), ANY_TIME, 0);

    ServingException error = refusal(admission, -9);

    assertThat(error.code()).isEqualTo(ErrorCode.OVERLOADED);
    assertThat(error).hasMessageContaining("max-queued-requests");
    assertThat(error.retryAfter()).contains(Duration.ofSeconds(1));
  }

  @Test
  void offer_noneMayWait_refusesAtOnce() {
    assertThat(refusal(fullReplica(0, SchedulingPolicy.FCFS), 0).code())
        .isEqualTo(ErrorCode.OVERLOADED);
  }

  @Test
  void offer_withoutLimit_neverRefuses() {
    RequestAdmission<String, String> admission = fullReplica(-1, SchedulingPolicy.FCFS);
    for (int i = 0; i < 5_000; i++) {
      assertThat(admission.offer("w" + i, Requests.ofPriority(0), ANY_TIME, 0))
          .isInstanceOf(RequestAdmission.Waits.class);
    }
    assertThat(admission.size()).isEqualTo(5_000);
  }

  @Test
  void offer_earlierPriority_takesTheLastPlaceThatWaits() {
    RequestAdmission<String, String> admission = fullReplica(2, SchedulingPolicy.PRIORITY);
    admission.offer("usual", Requests.ofPriority(0), ANY_TIME, 0);
    admission.offer("late", Requests.ofPriority(5), ANY_TIME, 0);

    RequestAdmission.Outcome<String, String> outcome =
        admission.offer("early", Requests.ofPriority(-1), ANY_TIME, 0);

    assertThat(((RequestAdmission.Waits<String, String>) outcome).displaced())
        .map(RequestAdmission.Refused::item)
        .contains("late");
    admission.ended("replica", Optional.of(6));
    admission.loads().report("replica", 0);
    assertThat(admission.poll()).map(RequestAdmission.Dispatched::item).contains("early");
  }

  @Test
  void readmit_beforeAllOfItsRank_isNext() {
    RequestAdmission<String, String> admission = fullReplica(0, SchedulingPolicy.FCFS);
    admission.limits(new AdmissionLimits("m", 5, 1, 1, SchedulingPolicy.FCFS));
    admission.offer("second", Requests.ofPriority(0), ANY_TIME, 0);
    admission.ended("replica", Optional.empty());
    admission.readmit("first", Requests.ofPriority(0));
    admission.loads().report("replica", 0);

    assertThat(admission.poll()).map(RequestAdmission.Dispatched::item).contains("first");
  }

  @Test
  void withdraw_waitingRequest_leavesNoTrace() {
    RequestAdmission<String, String> admission = fullReplica(5, SchedulingPolicy.FCFS);
    admission.offer("a", Requests.ofPriority(0), ANY_TIME, 0);

    assertThat(admission.withdraw("a")).isTrue();
    assertThat(admission.withdraw("a")).isFalse();
    assertThat(admission.size()).isZero();
    assertThat(admission.withdrawAll()).isEmpty();
  }

  /** One replica that runs 4 requests of 50 tokens at 50 steps a second: 4 requests a second. */
  private static SimulatedReplicas saturated(int waiting) {
    AdmissionLimits limits = new AdmissionLimits("m", waiting, 8, 4, SchedulingPolicy.FCFS);
    EngineSettings settings =
        new EngineSettings(16, 400, 512, 4, 512, true, 1, SimulatedReplicas.VOCAB_SIZE);
    SimulatedReplicas replicas =
        new SimulatedReplicas(
            1, settings, limits, new PowerOfTwoChoices<>(new SplittableRandom(1)));
    for (int step = 0, number = 0; step < 400; step++) {
      while (replicas.admission().size() < waiting) {
        replicas.offer(Requests.of("r" + number++, 2, 50));
      }
      replicas.step();
    }
    return replicas;
  }

  @Test
  void offer_deadlineWithinTheWait_isRefusedAndABitLaterOneIsNot() {
    SimulatedReplicas replicas =
        saturated(40); // 40 wait here and 4 in the engine: 11 s and one more

    ServingException soon = refusal(replicas.offer(withTimeout("soon", 6)));
    assertThat(soon.code()).isEqualTo(ErrorCode.OVERLOADED);
    assertThat(soon).hasMessageContaining("timeout is 6.0 s");
    assertThat(soon.retryAfter().orElseThrow())
        .isBetween(Duration.ofSeconds(4), Duration.ofSeconds(9));
    replicas.step();
    assertThat(replicas.offer(withTimeout("later", 18)))
        .isNotInstanceOf(RequestAdmission.Refusal.class)
        .satisfies(outcome -> assertThat(replicas.admission().size()).isGreaterThan(30));
  }

  @Test
  void offer_deadlineAndAnIdleReplica_isNeverRefused() {
    SimulatedReplicas replicas = saturated(8);
    while (!replicas.isIdle()) {
      replicas.step();
    }
    assertThat(replicas.offer(withTimeout("tiny", 1e-3))).isInstanceOf(RequestAdmission.Sent.class);
  }

  @Test
  void refusals_together_areSpreadOverTime() {
    SimulatedReplicas replicas = saturated(4);
    while (replicas.admission().size() < 4) {
      replicas.offer(Requests.of("w" + replicas.admission().size(), 2, 50));
    }
    Duration last = Duration.ZERO;
    for (int i = 0; i < 40; i++) {
      last = retryAfter(replicas, "x" + i);
    }
    Duration far = retryAfter(replicas, "y");
    for (int i = 0; i < 1_000; i++) {
      far = retryAfter(replicas, "z" + i);
    }

    assertThat(last).isBetween(Duration.ofSeconds(7), Duration.ofSeconds(14));
    assertThat(far).isEqualTo(Duration.ofSeconds(60));
    while (!replicas.isIdle()) {
      replicas.step();
    }
    for (int i = 0; i < 8 + 4; i++) {
      replicas.offer(Requests.of("again" + i, 2, 50));
    }
    assertThat(retryAfter(replicas, "after the burst")).isEqualTo(Duration.ofSeconds(1));
  }

  private static Duration retryAfter(SimulatedReplicas replicas, String id) {
    return refusal(replicas.offer(Requests.of(id, 2, 50))).retryAfter().orElseThrow();
  }

  private static GenerationRequest withTimeout(String id, double seconds) {
    Duration timeout = Duration.ofNanos((long) (seconds * 1e9));
    return Requests.of(id, 2, 50).withTerms(RequestTerms.ofTimeout(timeout));
  }

  private static ServingException refusal(
      RequestAdmission<String, String> admission, int priority) {
    return refusal(admission.offer("x", Requests.ofPriority(priority), ANY_TIME, 0));
  }

  private static <R> ServingException refusal(RequestAdmission.Outcome<R, String> outcome) {
    return ((RequestAdmission.Refusal<R, String>) outcome).error();
  }
}
