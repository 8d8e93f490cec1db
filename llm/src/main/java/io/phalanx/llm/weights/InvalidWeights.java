package io.phalanx.llm.weights;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Makes the error of a weights file that cannot be used. */
final class InvalidWeights {
  private InvalidWeights() {}

  static ServingException of(Path file, String reason) {
    return of(file, reason, null);
  }

  static ServingException of(Path file, String reason, @Nullable Throwable cause) {
    return new ServingException(ErrorCode.INVALID_MODEL, file + " " + reason + ".", cause);
  }
}
