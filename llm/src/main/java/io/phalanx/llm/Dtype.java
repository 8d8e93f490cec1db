package io.phalanx.llm;

import java.util.Arrays;
import java.util.Optional;

/**
 * The least precision that a model is to be computed in; names are vLLM's.
 *
 * <p>On a CPU activations, keys and values are float32 and weights keep the checkpoint's own type,
 * so every one of these is met; with {@link #BFLOAT16} activations are rounded to it where they are
 * multiplied with bfloat16 weights, on a processor that has products of bfloat16. A CUDA device
 * computes in the checkpoint's type and takes only {@link #AUTO}.
 */
public enum Dtype {
  /** What the device does best. */
  AUTO("auto", "auto"),
  FLOAT32("float32", "float"),
  BFLOAT16("bfloat16", "bfloat16"),
  FLOAT16("float16", "half");

  private final String configName;
  private final String alias;

  Dtype(String configName, String alias) {
    this.configName = configName;
    this.alias = alias;
  }

  /** Returns the type of this name or of vLLM's other name for it. */
  public static Optional<Dtype> ofName(String name) {
    return Arrays.stream(values())
        .filter(dtype -> dtype.configName.equals(name) || dtype.alias.equals(name))
        .findFirst();
  }

  /** Returns its name in a configuration. */
  @Override
  public String toString() {
    return configName;
  }
}
