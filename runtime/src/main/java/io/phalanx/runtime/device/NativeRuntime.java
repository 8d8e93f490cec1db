package io.phalanx.runtime.device;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.function.Consumer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.global.torch;

/**
 * LibTorch in this JVM: loaded once, with JavaCPP's limits lifted, and set up for the threads of
 * ranks.
 *
 * <p>Nobody touches a class of LibTorch before {@link #load}: JavaCPP reads its settings when its
 * first class is initialized, and by default it limits native memory to four times the heap.
 */
public final class NativeRuntime {
  private static final String UNLIMITED = "0";
  private static boolean loaded;
  private static int rankThreads;

  private NativeRuntime() {}

  /** Loads LibTorch, if that has not been done; about half a second. */
  public static void load() {
    load(progress -> {});
  }

  /**
   * Loads LibTorch, if that has not been done. The first time on a machine its libraries are
   * unpacked to the user's cache, which {@code listener} hears of as it goes.
   *
   * @throws ServingException {@code INTERNAL} if a library cannot be unpacked or loaded
   */
  public static synchronized void load(Consumer<UnpackProgress> listener) {
    if (loaded) {
      return;
    }
    liftLimits();
    UnpackWatch watch = UnpackWatch.start(listener);
    try {
      Loader.load(torch.class);
      loaded = true;
    } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
      throw new ServingException(
          ErrorCode.INTERNAL,
          "LibTorch cannot be loaded on ["
              + System.getProperty("os.name")
              + " "
              + System.getProperty("os.arch")
              + "]: "
              + e.getMessage()
              + "; build with the Maven profile of this platform, and see that the user's home is"
              + " writable and has 400 MB free",
          e);
    } finally {
      watch.close();
    }
  }

  /** Sets JavaCPP's limits; has no effect once a class of it has been initialized. */
  static void liftLimits() {
    System.setProperty("org.bytedeco.javacpp.maxbytes", UNLIMITED);
    System.setProperty("org.bytedeco.javacpp.maxphysicalbytes", UNLIMITED);
    System.setProperty("org.bytedeco.javacpp.nopointergc", "true");
  }

  /**
   * Makes the calling thread a rank's own: no gradients are recorded, and its operators use {@code
   * threads} threads. Both belong to the thread, so this is its first call, and the result is
   * closed on the same thread as its last.
   */
  public static RankThread enterRankThread(int threads) {
    load();
    torch.set_num_threads(threads);
    rankEntered(threads);
    return new RankThread(new InferenceMode(true));
  }

  /** The matrix library's thread pool is one for the process, so several ranks must not use it. */
  private static synchronized void rankEntered(int threads) {
    rankThreads++;
    openblas.blas_set_num_threads(rankThreads > 1 ? 1 : threads);
  }

  private static synchronized void rankLeft() {
    rankThreads--;
  }

  /** A thread set up for a rank, until it is closed. */
  public static final class RankThread implements AutoCloseable {
    private final InferenceMode mode;

    private RankThread(InferenceMode mode) {
      this.mode = mode;
    }

    @Override
    public void close() {
      rankLeft();
      mode.close();
    }
  }
}
