package io.phalanx.llm;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;

/** Refuses values of a configuration that are out of their range. */
final class ConfigRange {

  private ConfigRange() {}

  /**
   * Refuses {@code value} unless {@code holds}.
   *
   * @param path where it stands, such as {@code engine-kwargs.block-size}
   * @param allowed what it must be, such as {@code at least 1}
   * @throws ServingException {@code INVALID_CONFIGURATION}
   */
  static void require(boolean holds, String path, Object value, String allowed) {
    if (!holds) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION, path + " is " + value + "; it must be " + allowed + ".");
    }
  }
}
