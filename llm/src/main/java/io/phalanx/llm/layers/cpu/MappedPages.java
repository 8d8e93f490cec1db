package io.phalanx.llm.layers.cpu;

/** The pages of a mapped file that this process holds. */
public final class MappedPages {
  private MappedPages() {}

  /**
   * Gives pages back to the operating system, which maps them again when they are next touched;
   * without compiled kernels nothing is done.
   *
   * @param address within the mapping of a file, nothing of which was changed
   * @param bytes from there
   */
  public static void release(long address, long bytes) {
    if (KernelLibrary.isLoaded()) {
      CpuKernels.releasePages(address, bytes);
    }
  }
}
