package io.phalanx.llm.layers;

import io.phalanx.runtime.device.NativeRuntime;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Runs each test on a rank's thread with one processor, within a scope for its tensors, and with
 * LibTorch's generator at the same seed.
 */
@SuppressWarnings("NullAway.Init") // JUnit calls beforeEach
public final class RankThreadExtension implements BeforeEachCallback, AfterEachCallback {
  private NativeRuntime.RankThread thread;
  private PointerScope scope;
  private NativeOwner owner;

  /** Returns what owns the native memory of the test that runs. */
  public NativeOwner owner() {
    return owner;
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    thread = NativeRuntime.enterRankThread(1);
    scope = new PointerScope();
    owner = new NativeOwner();
    torch.manual_seed(7);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    owner.close();
    scope.close();
    thread.close();
  }
}
