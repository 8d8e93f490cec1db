package io.phalanx.llm.models;

import org.jspecify.annotations.Nullable;

/**
 * How a model turns positions into rotation angles.
 *
 * @param theta base of the geometric series of frequencies
 * @param linearFactor divides every frequency; 1 where the model does not scale
 * @param llama3 Llama 3's scaling of the low frequencies, or null
 */
public record RopeConfig(double theta, double linearFactor, @Nullable Llama3Scaling llama3) {

  /**
   * Llama 3's scaling: wavelengths up to {@code originalPositions / highFrequencyFactor} stay,
   * those above {@code originalPositions / lowFrequencyFactor} are stretched by {@code factor}, and
   * those between are blended.
   *
   * @param factor at least 1
   * @param lowFrequencyFactor above 0 and below {@code highFrequencyFactor}
   * @param highFrequencyFactor above {@code lowFrequencyFactor}
   * @param originalPositions positions that the model was first trained with
   */
  public record Llama3Scaling(
      double factor,
      double lowFrequencyFactor,
      double highFrequencyFactor,
      int originalPositions) {}

  /** Returns rotary embedding without scaling. */
  public static RopeConfig unscaled(double theta) {
    return new RopeConfig(theta, 1, null);
  }

  /**
   * Returns the angle in radians that one position adds to each pair of elements of a head.
   *
   * @param headDim elements of a head, even
   * @return {@code [headDim / 2]}, descending
   */
  public float[] inverseFrequencies(int headDim) {
    float[] frequencies = new float[headDim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double frequency = 1.0 / (float) Math.pow(theta, (float) (2 * i) / headDim);
      frequencies[i] = (float) scaled((float) frequency);
    }
    return frequencies;
  }

  private double scaled(double frequency) {
    return llama3 == null ? frequency / linearFactor : blended(frequency, llama3);
  }

  private static double blended(double frequency, Llama3Scaling scaling) {
    double turns = scaling.originalPositions() * frequency / (2 * Math.PI);
    double low = scaling.lowFrequencyFactor();
    double high = scaling.highFrequencyFactor();
    double kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return (1 - kept) * frequency / scaling.factor() + kept * frequency;
  }
}
