package io.phalanx.http.cli;

import io.phalanx.runtime.device.UnpackProgress;
import java.util.function.Consumer;

/** Says how far the native libraries are unpacked, in steps of a quarter. */
final class UnpackReport implements Consumer<UnpackProgress> {
  private static final int STEPS = 4;
  private static final long MIB = 1L << 20;

  private final Consumer<String> say;
  private int told = -1;

  UnpackReport(Consumer<String> say) {
    this.say = say;
  }

  @Override
  public synchronized void accept(UnpackProgress progress) {
    int step = (int) (STEPS * progress.bytes() / Math.max(1, progress.totalBytes()));
    if (step > told) {
      told = step;
      say.accept(
          "  unpacking native libraries (once): "
              + progress.bytes() / MIB
              + " of "
              + progress.totalBytes() / MIB
              + " MiB");
    }
  }
}
