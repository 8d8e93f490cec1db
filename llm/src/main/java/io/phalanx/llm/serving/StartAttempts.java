package io.phalanx.llm.serving;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ErrorType;
import java.util.Optional;

/**
 * The failed starts of a version since one of its replicas was ready last, and when that is enough:
 * Ray Serve's rule, three for each replica and at most 20. A fault of the configuration or of the
 * model's files would be met again by every start, so the first one is enough.
 */
final class StartAttempts {
  private static final int PER_REPLICA = 3;
  private static final int MOST = 20;

  private final int most;
  private int failed;
  private Optional<DeploymentFailure> failure = Optional.empty();

  StartAttempts(int targetReplicas) {
    this.most = Math.min(PER_REPLICA * targetReplicas, MOST);
  }

  /** A replica has failed. */
  void fail(ErrorCode code, String reason) {
    if (failure.isPresent()) {
      return;
    }
    failed++;
    if (code.type() == ErrorType.USER_ERROR) {
      failure = Optional.of(new DeploymentFailure(code, reason));
    } else if (failed >= most) {
      String text = "%d of %d starts failed, the last one with: %s".formatted(failed, most, reason);
      failure = Optional.of(new DeploymentFailure(code, text));
    }
  }

  /** Returns why the version is given up, if it is. */
  Optional<DeploymentFailure> failure() {
    return failure;
  }
}
