package io.phalanx.llm.layers.cpu;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The threads that one rank computes with: the rank's own, which calls the kernels, and others that
 * wait for it to do so. They sleep when there is nothing to do. And the memory of what they
 * compute.
 *
 * <p>Belongs to the rank's thread.
 */
public final class ComputePool implements AutoCloseable {
  private final long address;
  private final CpuIsa isa;
  private final List<Thread> workers = new ArrayList<>();
  private final Activations activations = new Activations();

  private ComputePool(long address, CpuIsa isa) {
    this.address = address;
    this.isa = isa;
  }

  /**
   * Starts the threads.
   *
   * @param threads in all, the calling one included
   * @param isa one of {@link CpuIsa#available}
   */
  public static ComputePool start(int threads, CpuIsa isa) {
    long address = CpuKernels.createPool(threads, isa.number());
    if (address == 0) {
      throw new ServingException(
          ErrorCode.DEVICE_OUT_OF_MEMORY, "No memory for the threads of a rank.");
    }
    ComputePool pool = new ComputePool(address, isa);
    String rank = Thread.currentThread().getName();
    for (int i = 1; i < threads; i++) {
      Thread worker = new Thread(() -> CpuKernels.work(address), rank + " compute-" + i);
      worker.setDaemon(true);
      worker.start();
      pool.workers.add(worker);
    }
    return pool;
  }

  /** Returns the pool's handle for {@link CpuKernels}. */
  public long address() {
    return address;
  }

  /** Returns what the kernels use here. */
  public CpuIsa isa() {
    return isa;
  }

  /**
   * Returns memory for {@code [rows, columns]} float32, holding anything; of the caller's scope,
   * and used again after it.
   */
  public Tensor empty(long rows, long columns) {
    return activations.empty(rows, columns);
  }

  @Override
  public void close() {
    activations.close();
    CpuKernels.stopPool(address);
    boolean interrupted = false;
    for (Thread worker : workers) {
      while (worker.isAlive()) {
        try {
          worker.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    CpuKernels.freePool(address);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
