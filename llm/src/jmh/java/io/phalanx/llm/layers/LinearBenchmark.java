package io.phalanx.llm.layers;

import io.phalanx.llm.layers.cpu.ComputePool;
import io.phalanx.llm.layers.cpu.CpuIsa;
import io.phalanx.runtime.device.NativeRuntime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What each {@link LinearMethod} of a CPU reaches for the matrices of a 1.24 B Llama, over weights
 * that are too many for the cache. Argument: threads. The property of {@link CpuIsa} chooses the
 * instructions.
 */
public final class LinearBenchmark {
  private static final int[][] SHAPES = {{3072, 2048}, {2048, 2048}, {16384, 2048}, {2048, 8192}};
  private static final int[] ROWS = {1, 8, 16, 64, 128, 512};
  private static final long CYCLED_BYTES = 256L << 20;
  private static final long NANOS = 150_000_000;
  private static final double GIGA = 1e9;

  private LinearBenchmark() {}

  /** Prints a table. */
  public static void main(String[] args) {
    int threads = Integer.parseInt(args[0]);
    NativeRuntime.RankThread thread = NativeRuntime.enterRankThread(threads);
    System.out.println("instructions: " + CpuIsa.best() + ", threads: " + threads);
    System.out.println("| method | out x in | rows | ms | weights GB/s | GFLOP/s |");
    System.out.println("|---|---|---|---|---|---|");
    try (NativeOwner owner = new NativeOwner();
        ComputePool pool = ComputePool.start(threads, CpuIsa.best())) {
      for (int[] shape : SHAPES) {
        methods(pool, owner).forEach((name, method) -> measure(name, method, shape));
      }
    }
    thread.close();
  }

  private static Map<String, LinearMethod> methods(ComputePool pool, NativeOwner owner) {
    LinearMethod dense =
        new DenseLinearMethod(owner.keep(new Device(DeviceType.CPU)), ScalarType.Float);
    Map<String, LinearMethod> methods = new LinkedHashMap<>();
    methods.put("in place", new InPlaceLinearMethod(pool, false));
    methods.put("in place, rounded", new InPlaceLinearMethod(pool, true));
    methods.put("int8", new Int8LinearMethod(pool));
    methods.put("FBGEMM float16", new PackedHalfLinearMethod(dense, owner));
    methods.put("LibTorch float32", dense);
    return methods;
  }

  private static void measure(String name, LinearMethod method, int[] shape) {
    long bytes = 2L * shape[0] * shape[1];
    int copies = name.contains("in place") ? (int) (CYCLED_BYTES / bytes) + 1 : 3;
    try (NativeOwner owner = new NativeOwner();
        PointerScope scope = new PointerScope()) {
      List<Linear> linears = new ArrayList<>();
      for (int i = 0; i < copies; i++) {
        Tensor weight = torch.randn(shape[0], shape[1]).to(ScalarType.Half);
        linears.add(method.prepare(List.of(weight.to(ScalarType.BFloat16)), null, owner));
      }
      for (int rows : ROWS) {
        double seconds = seconds(linears, torch.randn(rows, shape[1]));
        System.out.printf(
            Locale.ROOT,
            "| %s | %d x %d | %d | %.3f | %.1f | %.0f |%n",
            name,
            shape[0],
            shape[1],
            rows,
            seconds * 1000,
            weightBytes(name, bytes) / seconds / GIGA,
            (double) bytes * rows / seconds / GIGA);
      }
    }
  }

  private static double weightBytes(String name, long bytes) {
    return name.equals("int8")
        ? bytes / 2.0
        : name.equals("LibTorch float32") ? 2.0 * bytes : bytes;
  }

  private static double seconds(List<Linear> linears, Tensor input) {
    run(linears.get(0), input);
    long start = System.nanoTime();
    int runs = 0;
    while (runs < linears.size() || System.nanoTime() - start < NANOS) {
      run(linears.get(runs % linears.size()), input);
      runs++;
    }
    return (System.nanoTime() - start) / GIGA / runs;
  }

  private static void run(Linear linear, Tensor input) {
    try (PointerScope scope = new PointerScope()) {
      linear.forward(input);
    }
  }
}
