package io.phalanx.llm.routing;

import io.phalanx.llm.engine.EngineSettings;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.LlmEngine;
import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.StepOutput;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.tokenizer.FakeTokenizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Engines behind a {@link RequestAdmission} in virtual time: every step of every engine takes the
 * same time, and replicas report as they do in a cluster.
 */
final class SimulatedReplicas {
  static final int VOCAB_SIZE = 30_000;
  static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final int STEPS_PER_REPORT = 10;

  private final RequestAdmission<Integer, String> admission;
  private final List<LlmEngine> engines = new ArrayList<>();
  private final Map<String, GenerationRequest> requests = new HashMap<>();
  private final Map<String, Integer> replicaOf = new HashMap<>();
  final Map<String, Long> finishedAt = new HashMap<>();
  final List<String> refused = new ArrayList<>();
  private long step;

  SimulatedReplicas(
      int count, EngineSettings settings, AdmissionLimits limits, ReplicaPicker<Integer> picker) {
    admission = new RequestAdmission<>(limits, picker);
    for (int i = 0; i < count; i++) {
      engines.add(new LlmEngine(settings, Set.of(), new FakeTokenizer()::newDetokenizer));
      admission.loads().add(i);
    }
  }

  long nowNanos() {
    return step * STEP_NANOS;
  }

  RequestAdmission<Integer, String> admission() {
    return admission;
  }

  List<LlmEngine> engines() {
    return engines;
  }

  /** Brings a request to the ingress; returns what becomes of it. */
  RequestAdmission.Outcome<Integer, String> offer(GenerationRequest request) {
    String id = request.requestId();
    requests.put(id, request);
    RequestAdmission.Outcome<Integer, String> outcome =
        admission.offer(id, request, request.terms().timeout(), nowNanos());
    if (outcome instanceof RequestAdmission.Sent<Integer, String> sent) {
      send(id, sent.replica());
    } else if (outcome instanceof RequestAdmission.Refusal<Integer, String>) {
      refused.add(id);
    }
    return outcome;
  }

  private void send(String id, int replica) {
    replicaOf.put(id, replica);
    engines.get(replica).add(Objects.requireNonNull(requests.get(id)));
  }

  /** Lets every engine compute one step and sends what waited. */
  void step() {
    step++;
    for (int replica = 0; replica < engines.size(); replica++) {
      List<TokenEvent> events = new ArrayList<>();
      engines.get(replica).step(SimulatedReplicas::execute, events);
      int current = replica;
      events.forEach(event -> onEvent(event, current));
      admission.loads().report(replica, engines.get(replica).numRequests());
      if (step % STEPS_PER_REPORT == 0) {
        LlmEngine engine = engines.get(replica);
        admission.loads().report(replica, engine.backlog(), engine.stats(), nowNanos());
      }
    }
    Optional<RequestAdmission.Dispatched<Integer, String>> next = admission.poll();
    while (next.isPresent()) {
      send(next.get().item(), next.get().replica());
      next = admission.poll();
    }
  }

  private void onEvent(TokenEvent event, int replica) {
    if (event.finishReason() != null) {
      finishedAt.put(event.requestId(), nowNanos());
      admission.ended(replica, Optional.of(event.position() + 1));
    }
  }

  private static StepOutput execute(ModelInput input) {
    int[] tokens = new int[input.samples().size()];
    return new StepOutput(input.step(), tokens);
  }

  /** Returns whether nothing waits or runs. */
  boolean isIdle() {
    return admission.size() == 0 && engines.stream().allMatch(LlmEngine::isIdle);
  }

  int replicaOf(String id) {
    return replicaOf.getOrDefault(id, -1);
  }
}
