package io.phalanx.runtime.collective;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.runtime.device.NativeRuntime;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.IntFunction;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Runs one function for each rank on a thread of its own, as workers do. */
final class RankThreads implements AutoCloseable {
  private final ExecutorService executor = Executors.newCachedThreadPool();

  /** Runs {@code body} for ranks {@code 0 .. size - 1} at once and returns the results by rank. */
  <T> List<T> run(int size, IntFunction<T> body) {
    return start(size, body).stream().map(CompletableFuture::join).toList();
  }

  /** Starts {@code body} for ranks {@code 0 .. size - 1}. */
  <T> List<CompletableFuture<T>> start(int size, IntFunction<T> body) {
    List<CompletableFuture<T>> results = new ArrayList<>();
    for (int rank = 0; rank < size; rank++) {
      int own = rank;
      results.add(CompletableFuture.supplyAsync(() -> asRank(body, own), executor));
    }
    return results;
  }

  private static <T> T asRank(IntFunction<T> body, int rank) {
    NativeRuntime.RankThread thread = NativeRuntime.enterRankThread(1);
    PointerScope scope = new PointerScope();
    try {
      return body.apply(rank);
    } finally {
      scope.close();
      thread.close();
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }

  /** Returns a float32 tensor of this shape with {@code value(i)} at flat index {@code i}. */
  static Tensor tensor(IntFunction<Float> value, long... shape) {
    Tensor tensor = torch.empty(shape);
    FloatBuffer buffer = buffer(tensor);
    for (int i = 0; i < buffer.capacity(); i++) {
      buffer.put(i, value.apply(i));
    }
    return tensor;
  }

  /** Returns the elements of a contiguous float32 tensor. */
  static float[] values(Tensor tensor) {
    assertThat(tensor.is_contiguous()).isTrue();
    float[] values = new float[(int) tensor.numel()];
    buffer(tensor).get(values);
    return values;
  }

  private static FloatBuffer buffer(Tensor tensor) {
    return new FloatPointer(tensor.data_ptr_float()).capacity(tensor.numel()).asBuffer();
  }
}
