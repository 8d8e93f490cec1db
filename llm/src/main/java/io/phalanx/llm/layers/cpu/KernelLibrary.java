package io.phalanx.llm.layers.cpu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shared library of the compiled kernels, a resource of this module; loaded when it is first
 * asked for, or not at all on a platform that it is not made for.
 *
 * <p>It is unpacked to a directory that only this user can read or write, and removed from there as
 * soon as it is loaded.
 */
final class KernelLibrary {
  private static final Logger log = LoggerFactory.getLogger(KernelLibrary.class);
  private static final String NAME = "libphalanx_kernels.so";
  private static final boolean LOADED = load();

  private KernelLibrary() {}

  /** Returns whether the methods of {@link CpuKernels} can be called. */
  static boolean isLoaded() {
    return LOADED;
  }

  private static boolean load() {
    String platform = platform();
    try (InputStream library = KernelLibrary.class.getResourceAsStream(platform + "/" + NAME)) {
      if (library == null) {
        log.info("No compiled kernels for [{}]; computing with LibTorch's", platform);
        return false;
      }
      return load(library.readAllBytes());
    } catch (IOException e) {
      log.warn("Compiled kernels cannot be read; computing with LibTorch's", e);
      return false;
    }
  }

  private static String platform() {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String processor = System.getProperty("os.arch").replace("amd64", "x86_64");
    return system + "-" + processor;
  }

  /** Some systems let nothing run from their temporary directory, hence the second place. */
  private static boolean load(byte[] library) {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    Path cache = Path.of(System.getProperty("user.home"), ".cache", "phalanx");
    for (Path place : List.of(temporary, cache)) {
      try {
        load(library, place);
        return true;
      } catch (IOException | UnsatisfiedLinkError e) {
        log.warn("Compiled kernels cannot be loaded from [{}]: [{}]", place, e.getMessage());
      }
    }
    return false;
  }

  private static void load(byte[] library, Path place) throws IOException {
    Files.createDirectories(place);
    Path directory = Files.createTempDirectory(place, "phalanx-kernels-");
    Path file = directory.resolve(NAME);
    try {
      Files.write(file, library);
      System.load(file.toAbsolutePath().toString());
    } finally {
      Files.deleteIfExists(file);
      Files.delete(directory);
    }
  }
}
