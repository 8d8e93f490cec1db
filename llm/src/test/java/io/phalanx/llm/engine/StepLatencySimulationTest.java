package io.phalanx.llm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Seeded runs in virtual time: streams run, a prompt of 4,000 tokens arrives, and the streams slow
 * down by less than a factor of 2, whatever a step costs on the machine.
 */
final class StepLatencySimulationTest {
  private static final int PROMPT = 4000;

  static LongStream seeds() {
    return LongStream.range(0, 40);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void longPromptArrives_whileStreamsRun_mediansStayBelowTwice(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int stages = random.nextInt(1, 4);
    LlmEngine engine = LlmEngineTest.engine(settings(stages, Optional.empty()));
    VirtualMachine machine = machine(engine, stages, random);
    int streams = random.nextInt(1, 17);
    startStreams(engine, machine, streams);
    double from = machine.now();
    machine.runUntil("s0", machine.times("s0").size() + 100);
    double undisturbed = machine.medianLatency("s0", from);

    double arrival = machine.now();
    engine.add(LlmEngineTest.request("long", PROMPT, 1));
    machine.runUntil("long", 1);

    assertThat(machine.medianLatency("s0", arrival) / undisturbed)
        .as("seed %d, %d stages, %d streams", seed, stages, streams)
        .isLessThan(2);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void longPromptArrives_withAStepLatency_stepsStayBelowIt(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    LlmEngine engine = LlmEngineTest.engine(settings(1, Optional.of(Duration.ofMillis(400))));
    VirtualMachine machine =
        new VirtualMachine(engine, 1, VirtualMachine.cost(0.1, 0.01, 1e-7), random, 0.05);
    startStreams(engine, machine, 4);

    double arrival = machine.now();
    engine.add(LlmEngineTest.request("long", PROMPT, 1));
    machine.runUntil("long", 1);

    assertThat(machine.medianLatency("s0", arrival)).as("seed %d", seed).isBetween(0.3, 0.44);
  }

  private static EngineSettings settings(int stages, Optional<Duration> stepLatency) {
    return new EngineSettings(
        16, 4000, 2048, 64, 8192, true, stages, 1000, true, stepLatency, SchedulingPolicy.FCFS);
  }

  /** A machine whose step costs something between what a GPU and a slow CPU takes. */
  private static VirtualMachine machine(LlmEngine engine, int stages, SplittableRandom random) {
    double fixed = Math.pow(10, -2 - random.nextDouble());
    double perToken = fixed / random.nextDouble(3, 100);
    double perPair = perToken / random.nextDouble(2000, 50_000);
    return new VirtualMachine(
        engine, stages, VirtualMachine.cost(fixed, perToken, perPair), random, 0.1);
  }

  private static void startStreams(LlmEngine engine, VirtualMachine machine, int streams) {
    engine.add(LlmEngineTest.request("warm-up", 1, 1));
    machine.runUntil("warm-up", 1);
    for (int i = 0; i < streams; i++) {
      engine.add(LlmEngineTest.request("s" + i, 100, 7000));
    }
    for (int i = 0; i < streams; i++) {
      machine.runUntil("s" + i, 20);
    }
  }
}
