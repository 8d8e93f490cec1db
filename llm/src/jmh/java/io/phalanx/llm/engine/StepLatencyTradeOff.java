package io.phalanx.llm.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * What the bound on steps gives and costs, in virtual time: how much slower streams become while a
 * prompt of 4,000 tokens arrives, how much longer that prompt takes than alone, and how much
 * throughput clients with short prompts lose.
 */
public final class StepLatencyTradeOff {
  private static final int LONG_PROMPT = 4000;
  private static final int ENOUGH_TOKENS = 7000;
  private static final int REQUESTS_OF_A_CLIENT = 12;
  private static final double NOISE = 0.05;

  /**
   * A machine: seconds of a step in any case, of each token and of each pair that attends.
   *
   * @param name what it is like
   */
  private record Machine(String name, double fixed, double perToken, double perPair) {}

  private static final List<Machine> MACHINES =
      List.of(
          new Machine("slow CPU, 16 bit", 0.1, 0.021, 2e-7),
          new Machine("slow CPU, int8", 0.05, 0.006, 1e-7),
          new Machine("server CPU", 0.03, 0.001, 2e-8),
          new Machine("GPU", 0.008, 0.0001, 2e-9));

  private StepLatencyTradeOff() {}

  /** Prints both tables. */
  public static void main(String[] args) {
    for (Machine machine : MACHINES) {
      for (int stages = 1; stages <= 2; stages++) {
        for (int streams : new int[] {1, 4, 16}) {
          printLongPrompt(machine, stages, streams);
        }
      }
      for (int clients : new int[] {8, 16}) {
        double bounded = throughput(machine, clients, Optional.empty());
        double unbounded = throughput(machine, clients, Optional.of(Duration.ofDays(1)));
        System.out.printf(
            "%-18s %2d clients: %.3f of the throughput without a bound%n",
            machine.name(), clients, bounded / unbounded);
      }
    }
  }

  private static void printLongPrompt(Machine machine, int stages, int streams) {
    LlmEngine engine = engine(stages, Optional.empty());
    VirtualMachine time = start(engine, machine, stages);
    double alone = secondsOfLongPrompt(engine, time, "alone");
    for (int i = 0; i < streams; i++) {
      engine.add(LlmEngineTest.request("s" + i, 128, ENOUGH_TOKENS));
    }
    for (int i = 0; i < streams; i++) {
      time.runUntil("s" + i, 5);
    }
    double from = time.now();
    time.runUntil("s0", time.times("s0").size() + 50);
    double undisturbed = time.latency("s0", from, 0.5);
    double arrival = time.now();
    double beside = secondsOfLongPrompt(engine, time, "beside");
    System.out.printf(
        "%-18s %d stages, %2d streams: median latency x %.2f, p99 x %.2f, long prompt x %.2f%n",
        machine.name(),
        stages,
        streams,
        time.latency("s0", arrival, 0.5) / undisturbed,
        time.latency("s0", arrival, 0.99) / undisturbed,
        beside / alone);
  }

  private static double secondsOfLongPrompt(LlmEngine engine, VirtualMachine time, String id) {
    double start = time.now();
    engine.add(LlmEngineTest.request(id, LONG_PROMPT, 1));
    time.runUntil(id, 1);
    return time.now() - start;
  }

  /** Returns the tokens a second of clients that send a prompt as soon as they have an answer. */
  private static double throughput(Machine machine, int clients, Optional<Duration> stepLatency) {
    LlmEngine engine = engine(1, stepLatency);
    VirtualMachine time = start(engine, machine, 1);
    SplittableRandom random = new SplittableRandom(3);
    Map<String, Integer> open = new HashMap<>();
    double start = time.now();
    int sent = 0;
    long tokens = 0;
    do {
      while (open.size() < clients && sent < clients * REQUESTS_OF_A_CLIENT) {
        int length = random.nextInt(32, 97);
        open.put("c" + sent, length);
        engine.add(LlmEngineTest.request("c" + sent++, 128, length));
        tokens += length;
      }
      time.runStep();
      for (String id : new ArrayList<>(open.keySet())) {
        open.remove(id, time.times(id).size());
      }
    } while (!open.isEmpty());
    return tokens / (time.now() - start);
  }

  private static LlmEngine engine(int stages, Optional<Duration> stepLatency) {
    return LlmEngineTest.engine(
        new EngineSettings(16, 8000, 2048, 64, 8192, true, stages, 1000, true, stepLatency, SchedulingPolicy.FCFS));
  }

  private static VirtualMachine start(LlmEngine engine, Machine machine, int stages) {
    VirtualMachine time =
        new VirtualMachine(
            engine,
            stages,
            VirtualMachine.cost(
                machine.fixed() / stages, machine.perToken() / stages, machine.perPair() / stages),
            new SplittableRandom(5),
            NOISE);
    engine.add(LlmEngineTest.request("warm-up", 1, 1));
    time.runUntil("warm-up", 1);
    engine.add(LlmEngineTest.request("first", 128, 8));
    time.runUntil("first", 8);
    return time;
  }
}
