package io.phalanx.llm.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * How long a step takes, learnt from those that ran: {@code fixed + perToken * tokens + perPair *
 * attention}, in seconds, where attention counts the pairs of a token and one that it attends to.
 */
/*
 * Observations are kept as one moving average for each power of two of tokens and of attention, so
 * that hours of decoding do not make it forget what a prompt costs. The coefficients are the least
 * squares of the relative errors over these averages, none of them negative: of all choices of
 * coefficients that may be above zero, the best one without a negative one.
 */
final class StepCostModel {
  private static final int TERMS = 3;

  /** Weight of the newest observation in its average. */
  private static final double SMOOTHING = 0.25;

  /** An observation counts as at most so many times the average: pauses are no cost of the step. */
  private static final double OUTLIER = 2;

  /** A term that improves the fit by less than this is left out. */
  private static final double NEGLIGIBLE = 1e-6;

  /** The sets of terms to try, the simplest first; bit i is term i. */
  private static final int[] TERM_SETS = {0b001, 0b011, 0b010, 0b101, 0b111, 0b110, 0b100};

  private static final class Average {
    private final double[] terms = new double[TERMS];
    private double seconds;
  }

  private final Average[][] averages = new Average[Integer.SIZE][Long.SIZE];
  private final List<Average> known = new ArrayList<>();
  private double[] coefficients = new double[TERMS];
  private int mostTokens;
  private boolean warm;

  /** Returns the pairs of {@code tokens} tokens behind {@code first} others. */
  static double attention(int first, int tokens) {
    return tokens * (first + (tokens + 1) / 2.0);
  }

  /** Learns what a step took; the first one warms the machine up and teaches nothing. */
  void observe(int tokens, double attention, double seconds) {
    if (!warm || seconds <= 0) {
      warm |= seconds > 0;
      return;
    }
    mostTokens = Math.max(mostTokens, tokens);
    average(tokens, attention, seconds);
    coefficients = fit();
  }

  /** Returns the tokens of the largest step so far: what lies far beyond is not known. */
  int mostTokens() {
    return mostTokens;
  }

  /** Returns the seconds that a step takes. */
  double seconds(double tokens, double attention) {
    return coefficients[0] + added(tokens, attention);
  }

  /** Returns the seconds that so much adds to a step. */
  double added(double tokens, double attention) {
    return coefficients[1] * tokens + coefficients[2] * attention;
  }

  /** Returns how many tokens behind {@code first} others add no more than {@code seconds}. */
  int tokensWithin(double seconds, int first) {
    double linear = coefficients[1] + coefficients[2] * (first + 0.5);
    double square = coefficients[2] / 2;
    if (seconds <= 0) {
      return 0;
    }
    double root = Math.sqrt(linear * linear + 4 * square * seconds);
    return (int) Math.min(Integer.MAX_VALUE, 2 * seconds / (linear + root));
  }

  /** Returns how many tokens take as long as what a step costs in any case; 0 if not known. */
  double fixedTokens() {
    return coefficients[1] == 0 ? 0 : coefficients[0] / coefficients[1];
  }

  private void average(int tokens, double attention, double seconds) {
    int row = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(tokens);
    int column = Math.getExponent(attention);
    Average average = averages[row][column];
    double weight = SMOOTHING;
    if (average == null) {
      average = new Average();
      averages[row][column] = average;
      known.add(average);
      weight = 1;
    }
    double counted = weight == 1 ? seconds : Math.min(seconds, OUTLIER * average.seconds);
    average.seconds += weight * (counted - average.seconds);
    average.terms[0] = 1;
    average.terms[1] += weight * (tokens - average.terms[1]);
    average.terms[2] += weight * (attention - average.terms[2]);
  }

  private double[] fit() {
    double[][] products = new double[TERMS][TERMS + 1];
    for (Average average : known) {
      for (int i = 0; i < TERMS; i++) {
        double scaled = average.terms[i] / average.seconds;
        for (int j = 0; j < TERMS; j++) {
          products[i][j] += scaled * average.terms[j] / average.seconds;
        }
        products[i][TERMS] += scaled;
      }
    }
    double[] best = new double[TERMS];
    double bestError = known.size();
    for (int terms : TERM_SETS) {
      double[] candidate = solve(products, terms);
      double error = error(products, candidate);
      if (isNonNegative(candidate) && error < bestError - NEGLIGIBLE * known.size()) {
        best = candidate;
        bestError = error;
      }
    }
    return best;
  }

  /** Solves the normal equations of the chosen terms; NaN where they determine nothing. */
  private static double[] solve(double[][] products, int terms) {
    double[][] rows = new double[TERMS][TERMS + 1];
    for (int i = 0; i < TERMS; i++) {
      for (int j = 0; j <= TERMS; j++) {
        boolean chosen = isChosen(terms, i) && (j == TERMS || isChosen(terms, j));
        rows[i][j] = chosen ? products[i][j] : 0;
      }
      rows[i][i] = isChosen(terms, i) ? products[i][i] : 1;
    }
    for (int pivot = 0; pivot < TERMS; pivot++) {
      double largest = isChosen(terms, pivot) ? products[pivot][pivot] : 1;
      if (rows[pivot][pivot] < 1e-9 * largest) {
        return new double[] {Double.NaN, Double.NaN, Double.NaN};
      }
      eliminate(rows, pivot);
    }
    double[] solution = new double[TERMS];
    for (int i = 0; i < TERMS; i++) {
      solution[i] = rows[i][TERMS] / rows[i][i];
    }
    return solution;
  }

  private static void eliminate(double[][] rows, int pivot) {
    for (int i = 0; i < TERMS; i++) {
      double factor = i == pivot ? 0 : rows[i][pivot] / rows[pivot][pivot];
      for (int j = pivot; j <= TERMS; j++) {
        rows[i][j] -= factor * rows[pivot][j];
      }
    }
  }

  private static boolean isChosen(int terms, int term) {
    return (terms >> term & 1) == 1;
  }

  private static boolean isNonNegative(double[] values) {
    for (double value : values) {
      if (!(value >= 0)) {
        return false;
      }
    }
    return true;
  }

  /** Returns the sum of the squared relative errors. */
  private double error(double[][] products, double[] candidate) {
    double error = known.size();
    for (int i = 0; i < TERMS; i++) {
      error -= 2 * candidate[i] * products[i][TERMS];
      for (int j = 0; j < TERMS; j++) {
        error += candidate[i] * products[i][j] * candidate[j];
      }
    }
    return error;
  }
}
