package io.phalanx.llm.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock on a part of a cache directory, against other processes (a lock file) and other threads of
 * this one. The operating system frees it when a process ends, however it ends.
 */
final class CacheLock {
  private static final Map<Path, ReentrantLock> THREADS = new ConcurrentHashMap<>();

  private CacheLock() {}

  /** What is done while nobody else has the lock. */
  @FunctionalInterface
  interface Action<T> {
    T run() throws IOException;
  }

  /** Waits until nobody else has the lock, and acts. */
  static <T> T hold(Path file, Action<T> action) throws IOException {
    Path path = file.toAbsolutePath().normalize();
    ReentrantLock thread = THREADS.computeIfAbsent(path, any -> new ReentrantLock());
    thread.lock();
    try {
      Files.createDirectories(path.getParent());
      try (FileChannel channel =
          FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        FileLock lock = channel.lock();
        try {
          return action.run();
        } finally {
          lock.release();
        }
      }
    } finally {
      thread.unlock();
    }
  }
}
