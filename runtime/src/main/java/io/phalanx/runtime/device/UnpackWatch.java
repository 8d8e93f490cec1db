package io.phalanx.runtime.device;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/**
 * Watches JavaCPP's cache grow while it unpacks the native libraries, which itself tells nobody.
 * Says nothing if they are there already.
 */
final class UnpackWatch {
  private static final long INTERVAL_NANOS = 200_000_000;

  /** Cache contents that count as complete: file systems and versions round differently. */
  private static final double COMPLETE = 0.98;

  private final Thread thread;
  private volatile boolean done;

  private UnpackWatch(Consumer<UnpackProgress> listener) {
    thread = new Thread(() -> watch(listener), "phalanx-unpack-watch");
    thread.setDaemon(true);
  }

  static UnpackWatch start(Consumer<UnpackProgress> listener) {
    UnpackWatch watch = new UnpackWatch(listener);
    watch.thread.start();
    return watch;
  }

  /** Ends the watch, after a last report if there was one. */
  void close() {
    done = true;
    LockSupport.unpark(thread);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void watch(Consumer<UnpackProgress> listener) {
    try {
      List<Path> jars = nativeJars();
      long total = unpackedBytes(jars);
      if (total == 0 || cachedBytes(jars) > total * COMPLETE) {
        return;
      }
      while (!done) {
        listener.accept(new UnpackProgress(Math.min(total, cachedBytes(jars)), total));
        LockSupport.parkNanos(INTERVAL_NANOS);
      }
      listener.accept(new UnpackProgress(total, total));
    } catch (IOException e) {
      // Progress is a courtesy: without a readable cache the loading itself reports what is wrong.
      done = true;
    }
  }

  /** The jars on the class path that hold libraries of this platform. */
  private static List<Path> nativeJars() {
    List<Path> jars = new ArrayList<>();
    String platform = "-" + Loader.getPlatform();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path path = Path.of(entry);
      String name = String.valueOf(path.getFileName());
      if (name.endsWith(".jar") && name.contains(platform) && Files.isRegularFile(path)) {
        jars.add(path);
      }
    }
    return jars;
  }

  private static long unpackedBytes(List<Path> jars) throws IOException {
    long bytes = 0;
    for (Path jar : jars) {
      try (JarFile file = new JarFile(jar.toFile())) {
        bytes += file.stream().filter(UnpackWatch::isLibrary).mapToLong(JarEntry::getSize).sum();
      }
    }
    return bytes;
  }

  private static boolean isLibrary(JarEntry entry) {
    String name = entry.getName().toLowerCase(Locale.ROOT);
    return name.contains(".so") || name.endsWith(".dll") || name.endsWith(".dylib");
  }

  /** The bytes below the cache's folders of these jars. */
  private static long cachedBytes(List<Path> jars) throws IOException {
    Path cache = Loader.getCacheDir().toPath();
    long bytes = 0;
    for (Path jar : jars) {
      Path folder = cache.resolve(String.valueOf(jar.getFileName()));
      if (Files.isDirectory(folder)) {
        try (Stream<Path> files = Files.walk(folder)) {
          bytes +=
              files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
        }
      }
    }
    return bytes;
  }
}
