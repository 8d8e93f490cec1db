package io.phalanx.llm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Seeded runs in virtual time over two pipeline stages: no stage waits long for the other. */
final class PipelineSimulationTest {
  private static final int STAGES = 2;
  private static final int STREAMS = 4;
  private static final int PROMPT = 1024;

  static LongStream seeds() {
    return LongStream.range(0, 20);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void decode_fourStreamsOverTwoStages_noStageIdlesAboveATenth(long seed) {
    LlmEngine engine = engine();
    VirtualMachine machine = machine(engine, seed);
    addRequests(engine, 7000);
    for (int i = 0; i < STREAMS; i++) {
      machine.runUntil("r" + i, 2);
    }

    machine.startIdleClock();
    machine.runUntil("r3", 200);

    assertThat(machine.idleShare()).as("seed %d", seed).isLessThan(0.1);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void prefill_fourPromptsOverTwoStages_noStageIdlesAboveATenth(long seed) {
    LlmEngine engine = engine();
    VirtualMachine machine = machine(engine, seed);

    machine.startIdleClock();
    addRequests(engine, 1);
    while (machine.runStep()) {
      assertThat(engine.stepsInFlight()).isLessThanOrEqualTo(STAGES);
    }

    assertThat(machine.idleShare()).as("seed %d", seed).isLessThan(0.1);
  }

  private static LlmEngine engine() {
    return LlmEngineTest.engine(new EngineSettings(16, 4000, 2048, 64, 8192, true, STAGES, 1000));
  }

  /** A machine on which a step costs as much as 4 to 16 tokens more than its tokens. */
  private static VirtualMachine machine(LlmEngine engine, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double perToken = 0.001;
    double fixed = perToken * random.nextDouble(4, 16);
    VirtualMachine machine =
        new VirtualMachine(engine, STAGES, VirtualMachine.cost(fixed, perToken, 0), random, 0.03);
    engine.add(LlmEngineTest.request("warm-up", 1, 1));
    machine.runUntil("warm-up", 1);
    engine.add(LlmEngineTest.request("earlier", 200, 20));
    machine.runUntil("earlier", 20);
    return machine;
  }

  private static void addRequests(LlmEngine engine, int maxTokens) {
    for (int i = 0; i < STREAMS; i++) {
      engine.add(LlmEngineTest.request("r" + i, PROMPT, maxTokens));
    }
  }
}
