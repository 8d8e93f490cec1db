package io.phalanx.llm.engine;

import io.phalanx.llm.engine.ModelInput.SampleRow;
import io.phalanx.llm.engine.SchedulerOutput.Scheduled;
import java.util.ArrayList;
import java.util.List;

/** Writes down for the ranks what the scheduler has decided. */
final class ModelInputs {

  private ModelInputs() {}

  static ModelInput of(long step, SchedulerOutput output) {
    List<Scheduled> scheduled = output.scheduled();
    int[] tokenIds = new int[output.numTokens()];
    int[] queryLengths = new int[scheduled.size()];
    int[] contextLengths = new int[scheduled.size()];
    int[][] blockTables = new int[scheduled.size()][];
    List<SampleRow> samples = new ArrayList<>(output.numSamples());
    int offset = 0;
    for (int i = 0; i < scheduled.size(); i++) {
      Scheduled part = scheduled.get(i);
      Sequence sequence = part.sequence();
      sequence.tokenIds().copyTo(tokenIds, offset, part.firstToken(), part.numTokens());
      offset += part.numTokens();
      queryLengths[i] = part.numTokens();
      contextLengths[i] = part.firstToken() + part.numTokens();
      blockTables[i] = sequence.blockTable();
      if (part.samples()) {
        samples.add(sampleRow(i, sequence));
      }
    }
    return new ModelInput(step, tokenIds, queryLengths, contextLengths, blockTables, samples);
  }

  private static SampleRow sampleRow(int index, Sequence sequence) {
    SamplingParams sampling = sequence.request().sampling();
    return new SampleRow(
        index,
        sampling.temperature(),
        sampling.topK(),
        sampling.topP(),
        sampling.minP(),
        sampling.seed(),
        sequence.numOutputTokens());
  }
}
