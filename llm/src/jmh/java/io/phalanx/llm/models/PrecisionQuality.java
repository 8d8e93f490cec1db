package io.phalanx.llm.models;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.ModelInput.SampleRow;
import io.phalanx.llm.layers.KernelSettings;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.layers.Quantization;
import io.phalanx.llm.tokenizer.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * What less precision costs: perplexity, and how often the likeliest token stays the same, over
 * texts that are given token by token.
 *
 * <p>Arguments: the directory of the embedded model and {@code llm/training/questions.json}, for
 * the answers that it was trained on; the golden models are read from the test resources, with
 * their reference's own continuations as texts.
 */
public final class PrecisionQuality {
  private static final int BLOCK_SIZE = 16;
  private static final int BLOCKS_PER_TEXT = 20;
  private static final int MAX_TOKENS = BLOCK_SIZE * BLOCKS_PER_TEXT;

  private PrecisionQuality() {}

  /** One way to compute. */
  private record Precision(String name, KernelSettings settings) {}

  /** A text's tokens, of which those before {@code from} are only context. */
  @SuppressWarnings("ArrayRecordComponent") // never changed or compared
  private record Text(int[] tokens, int from) {}

  /** The likeliest tokens of all positions, in order, and the texts' perplexity. */
  private record Outcome(List<Integer> likeliest, double perplexity) {}

  private static final List<Precision> PRECISIONS =
      List.of(
          new Precision("exact", KernelSettings.exact(2)),
          new Precision("bfloat16", new KernelSettings(2, Quantization.NONE, true, false, KvCacheType.AUTO)),
          new Precision("int8", new KernelSettings(2, Quantization.INT8, false, false, KvCacheType.AUTO)));

  /** Prints a table. */
  public static void main(String[] args) throws IOException {
    System.out.println("| model | tokens | precision | perplexity | likeliest token as exact |");
    System.out.println("|---|---|---|---|---|");
    for (String model : Golden.MODELS) {
      compare(model, Golden.directory(model), goldenTexts(Golden.read(model)));
    }
    Path embedded = Path.of(args[0]);
    compare("embedded", embedded, answers(embedded, Path.of(args[1])));
  }

  private static List<Text> goldenTexts(Golden golden) {
    return golden.prompts().stream()
        .map(
            prompt -> {
              int[] start = prompt.promptTokenIds();
              int[] rest = prompt.greedyTokenIds();
              int[] all = IntStream.concat(IntStream.of(start), IntStream.of(rest)).toArray();
              return new Text(all, start.length);
            })
        .filter(text -> text.tokens().length <= MAX_TOKENS)
        .toList();
  }

  private static List<Text> answers(Path model, Path questions) throws IOException {
    JsonNode root = new JsonMapper().readTree(questions.toFile());
    List<Text> texts = new ArrayList<>();
    try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(model)) {
      for (JsonNode question : root.get("questions")) {
        int[] start = tokenizer.encodeText(question.get("trained").get(0).asText() + "\n");
        int[] rest = tokenizer.encodeText(question.get("answer").asText());
        int[] all = IntStream.concat(IntStream.of(start), IntStream.of(rest)).toArray();
        texts.add(new Text(all, start.length));
      }
    }
    return texts;
  }

  private static void compare(String name, Path directory, List<Text> texts) {
    Outcome exact = null;
    for (Precision precision : PRECISIONS) {
      Outcome found = run(directory, precision.settings(), texts);
      exact = exact == null ? found : exact;
      List<Integer> reference = exact.likeliest();
      int count = reference.size();
      long same =
          IntStream.range(0, count)
              .filter(i -> reference.get(i).equals(found.likeliest().get(i)))
              .count();
      System.out.printf(
          Locale.ROOT,
          "| %s | %d | %s | %.4f | %.2f %% |%n",
          name,
          count,
          precision.name(),
          found.perplexity(),
          100.0 * same / count);
    }
  }

  private static Outcome run(Path directory, KernelSettings settings, List<Text> texts) {
    List<Integer> likeliest = new ArrayList<>();
    double[] sum = new double[1];
    RunnerSettings runner =
        new RunnerSettings(BLOCK_SIZE, BLOCKS_PER_TEXT * texts.size(), 0, settings);
    try (LocalRanks ranks = LocalRanks.load(directory, 1, 1, runner)) {
      int longest = texts.stream().mapToInt(text -> text.tokens().length).max().orElseThrow();
      for (int position = 0; position < longest - 1; position++) {
        int at = position;
        int[] running =
            IntStream.range(0, texts.size())
                .filter(i -> at + 1 < texts.get(i).tokens().length)
                .toArray();
        ModelInput input = input(texts, running, position);
        float[][] logits = ranks.onEachRunner(r -> logits(r, input, running.length)).get(0);
        for (int i = 0; i < running.length; i++) {
          Text text = texts.get(running[i]);
          if (position + 1 >= text.from()) {
            likeliest.add(indexOfLargest(logits[i]));
            sum[0] += surprise(logits[i], text.tokens()[position + 1]);
          }
        }
      }
    }
    return new Outcome(likeliest, Math.exp(sum[0] / likeliest.size()));
  }

  private static ModelInput input(List<Text> texts, int[] running, int position) {
    int[] tokens = IntStream.of(running).map(i -> texts.get(i).tokens()[position]).toArray();
    int[] ones = IntStream.of(running).map(i -> 1).toArray();
    int[] lengths = IntStream.of(running).map(i -> position + 1).toArray();
    int[][] blocks =
        IntStream.of(running)
            .mapToObj(i -> IntStream.range(0, BLOCKS_PER_TEXT).map(b -> i * BLOCKS_PER_TEXT + b))
            .map(IntStream::toArray)
            .toArray(int[][]::new);
    List<SampleRow> rows =
        IntStream.range(0, running.length)
            .mapToObj(i -> new SampleRow(i, 0, -1, 1, 0, 0, 0))
            .toList();
    return new ModelInput(position, tokens, ones, lengths, blocks, rows);
  }

  private static float[][] logits(RankModelRunner runner, ModelInput input, int rows) {
    runner.execute(input);
    try (PointerScope scope = new PointerScope()) {
      Tensor logits = Objects.requireNonNull(runner.logits(input)).contiguous();
      float[] all = new float[(int) logits.numel()];
      new FloatPointer(logits.data_ptr_float()).get(all);
      int vocab = all.length / rows;
      return Stream.iterate(0, i -> i + 1)
          .limit(rows)
          .map(i -> Arrays.copyOfRange(all, i * vocab, (i + 1) * vocab))
          .toArray(float[][]::new);
    }
  }

  private static int indexOfLargest(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }

  /** Minus the logarithm of a token's probability. */
  private static double surprise(float[] logits, int token) {
    double largest = logits[indexOfLargest(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - largest);
    }
    return Math.log(sum) + largest - logits[token];
  }
}
