package io.phalanx.llm.engine;

import io.phalanx.llm.engine.SchedulerOutput.Scheduled;
import io.phalanx.llm.tokenizer.IncrementalDetokenizer;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.metrics.HistogramRecorder;
import io.phalanx.runtime.metrics.Metric;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The engine of one replica: requests in, steps out, tokens back.
 *
 * <p>The whole data flow is {@link #schedule} and {@link #update}; {@link #step} joins them for
 * offline use. Nothing here knows about tensors, actors or time; one thread at a time may call it.
 */
public final class LlmEngine {
  /** Weight of the newest sequence in the moving average of output lengths. */
  private static final double OUTPUT_LENGTH_SMOOTHING = 0.1;

  private static final double NANOS_PER_SECOND = 1e9;

  private final EngineSettings settings;
  private final Supplier<IncrementalDetokenizer> detokenizers;
  private final BlockManager blocks;
  private final StepCostModel costs = new StepCostModel();
  private final Scheduler scheduler;
  private final TokenAppender appender;
  private final Map<String, Sequence> sequences = new LinkedHashMap<>();
  private final QueueTimes queueTimes = new QueueTimes();
  private final HistogramRecorder iterationTokens = new HistogramRecorder(Metric.ITERATION_TOKENS);
  private final Deque<InFlight> inFlight = new ArrayDeque<>();
  private long nextStep;
  private long promptTokens;
  private long generationTokens;
  private double meanOutputTokens = Double.NaN;

  private record InFlight(long step, SchedulerOutput output) {}

  /**
   * Creates an engine without any sequence.
   *
   * @param eosTokenIds the model's end-of-sequence tokens
   * @param detokenizers gives each sequence its own detokenizer
   */
  public LlmEngine(
      EngineSettings settings,
      Set<Integer> eosTokenIds,
      Supplier<IncrementalDetokenizer> detokenizers) {
    this(settings, eosTokenIds, detokenizers, new SecureRandom());
  }

  LlmEngine(
      EngineSettings settings,
      Set<Integer> eosTokenIds,
      Supplier<IncrementalDetokenizer> detokenizers,
      RandomGenerator keys) {
    this.settings = settings;
    this.detokenizers = detokenizers;
    this.blocks = new BlockManager(settings, keys);
    this.scheduler = new Scheduler(settings, blocks, costs);
    this.appender = new TokenAppender(eosTokenIds, settings.maxModelLength());
  }

  /**
   * Takes a request of which nobody wants to know how long it waits.
   *
   * @see #add(GenerationRequest, long)
   */
  public void add(GenerationRequest request) {
    addSequence(request);
  }

  /**
   * Takes a request; it starts when there is room.
   *
   * @param nowNanos the time of the clock that {@link #schedule(long)} is given, nanoseconds
   * @throws ServingException {@code CONTEXT_LENGTH_EXCEEDED} if prompt and {@code maxTokens} exceed
   *     {@code max-model-len}, {@code INVALID_REQUEST} if a token id is outside the vocabulary or
   *     the request id is in use; nothing is kept then
   */
  public void add(GenerationRequest request, long nowNanos) {
    queueTimes.arrived(addSequence(request), nowNanos);
  }

  private Sequence addSequence(GenerationRequest request) {
    request.checkFits(settings.maxModelLength(), settings.vocabSize());
    if (sequences.containsKey(request.requestId())) {
      throw ServingException.invalidParam(
          "request_id", "Request id " + request.requestId() + " is in use; send another.");
    }
    OutputText text = new OutputText(detokenizers.get(), request.sampling().stop());
    Sequence sequence = new Sequence(request, text);
    sequences.put(request.requestId(), sequence);
    scheduler.add(sequence);
    promptTokens += sequence.numPromptTokens();
    return sequence;
  }

  /**
   * Ends a request; it gets no further event.
   *
   * @return false if there is no such request (any more)
   */
  public boolean abort(String requestId) {
    Sequence sequence = sequences.get(requestId);
    if (sequence == null) {
      return false;
    }
    finish(sequence);
    return true;
  }

  /**
   * Decides the next step where nobody measures how long requests wait.
   *
   * @see #schedule(long)
   */
  public @Nullable ModelInput schedule() {
    return schedule(0);
  }

  /**
   * Decides the next step.
   *
   * @param nowNanos the time of the clock that {@link #add(GenerationRequest, long)} is given,
   *     nanoseconds
   * @return what the ranks compute, or null if nothing can be computed before the next {@code
   *     update}, {@code add} or {@link #abort}
   */
  public @Nullable ModelInput schedule(long nowNanos) {
    if (inFlight.size() >= settings.maxBatchesInFlight()) {
      return null;
    }
    SchedulerOutput output = scheduler.schedule();
    if (output == null) {
      return null;
    }
    queueTimes.scheduled(output, nowNanos);
    long step = nextStep++;
    inFlight.addLast(new InFlight(step, output));
    return ModelInputs.of(step, output);
  }

  /**
   * Takes the tokens of the oldest step in flight, of which nobody knows how long it took.
   *
   * @see #update(StepOutput, long)
   */
  public List<TokenEvent> update(StepOutput output) {
    return update(output, 0);
  }

  /**
   * Takes the tokens of the oldest step in flight.
   *
   * @param nanos how long the step was the oldest in flight, from which the engine learns what
   *     steps cost; 0 if not known
   * @return an event for each token that belongs to a request still wanted, in the step's order
   * @throws IllegalStateException if {@code output} does not answer the oldest step in flight
   */
  public List<TokenEvent> update(StepOutput output, long nanos) {
    InFlight oldest = inFlight.pollFirst();
    if (oldest == null || oldest.step() != output.step()) {
      throw new IllegalStateException(
          "step output " + output.step() + " does not answer the oldest step in flight " + oldest);
    }
    SchedulerOutput step = oldest.output();
    costs.observe(step.numTokens(), step.attention(), nanos / NANOS_PER_SECOND);
    iterationTokens.observe(step.numTokens());
    List<TokenEvent> events = new ArrayList<>(step.numSamples());
    int sample = 0;
    for (Scheduled scheduled : step.scheduled()) {
      computed(scheduled);
      int tokenId = scheduled.samples() ? output.tokenIds()[sample++] : -1;
      if (scheduled.samples() && !scheduled.sequence().isFinished()) {
        events.add(append(scheduled.sequence(), tokenId));
      }
    }
    return events;
  }

  private void computed(Scheduled scheduled) {
    Sequence sequence = scheduled.sequence();
    sequence.stepDone();
    blocks.publish(sequence, scheduled.firstToken() + scheduled.numTokens());
    if (sequence.isFinished() && !sequence.isInFlight()) {
      blocks.release(sequence);
    }
  }

  private TokenEvent append(Sequence sequence, int tokenId) {
    TokenEvent event = appender.append(sequence, tokenId);
    generationTokens++;
    if (event.finishReason() != null) {
      finish(sequence);
      learnOutputLength(sequence.numOutputTokens());
    }
    return event;
  }

  /** Schedules, executes and updates once; false if there was nothing to do. */
  public boolean step(StepExecutor executor, List<TokenEvent> events) {
    ModelInput input = schedule();
    if (input == null) {
      return false;
    }
    events.addAll(update(executor.execute(input)));
    return true;
  }

  /** Returns whether no request waits or runs and no step is in flight. */
  public boolean isIdle() {
    return sequences.isEmpty() && inFlight.isEmpty();
  }

  /** Returns how many steps are scheduled and not updated. */
  public int stepsInFlight() {
    return inFlight.size();
  }

  /** Returns how many requests wait or run. */
  public int numRequests() {
    return sequences.size();
  }

  /** Returns the work that is left; takes time in proportion to the requests. */
  public Backlog backlog() {
    long prompt = 0;
    long decode = 0;
    for (Sequence sequence : sequences.values()) {
      prompt += sequence.numUnscheduledTokens();
      int left = sequence.request().sampling().maxTokens() - sequence.numOutputTokens();
      decode += Double.isNaN(meanOutputTokens) ? left : Math.min(left, (long) meanOutputTokens + 1);
    }
    return new Backlog(scheduler.numWaiting(), scheduler.numRunning(), prompt, decode);
  }

  /** Returns the counters. */
  public EngineStats stats() {
    return new EngineStats(
        scheduler.numWaiting(),
        scheduler.numRunning(),
        blocks.numUsed(),
        blocks.numCached(),
        settings.numBlocks(),
        promptTokens,
        generationTokens,
        scheduler.numPreemptions(),
        blocks.prefixQueries(),
        blocks.prefixHits(),
        iterationTokens.counts(),
        queueTimes.seconds());
  }

  /** Returns the pool. */
  BlockManager blocks() {
    return blocks;
  }

  /** Returns the sequences that may hold blocks: all that live, and those that left in flight. */
  Set<Sequence> holders() {
    Set<Sequence> holders = new HashSet<>(sequences.values());
    inFlight.forEach(step -> step.output().scheduled().forEach(s -> holders.add(s.sequence())));
    return holders;
  }

  private void finish(Sequence sequence) {
    sequences.remove(sequence.request().requestId());
    queueTimes.left(sequence);
    scheduler.finish(sequence);
  }

  private void learnOutputLength(int length) {
    meanOutputTokens =
        Double.isNaN(meanOutputTokens)
            ? length
            : meanOutputTokens + OUTPUT_LENGTH_SMOOTHING * (length - meanOutputTokens);
  }
}
