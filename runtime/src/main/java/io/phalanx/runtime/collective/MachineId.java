package io.phalanx.runtime.collective;

import io.phalanx.runtime.JvmId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The identity of what processes must have in common in order to share a mapped file: one running
 * kernel, one view of process ids, and one file system behind {@link SharedMemoryDirectory}.
 */
public final class MachineId {
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path PID_NAMESPACE = Path.of("/proc/self/ns/pid");
  private static final String CURRENT = read();

  private MachineId() {}

  /** Returns this process's; unique to it where the machine does not tell. */
  public static String current() {
    return CURRENT;
  }

  private static String read() {
    Path directory = SharedMemoryDirectory.current();
    try {
      return String.join(
          "/",
          Files.readString(BOOT_ID).strip(),
          Files.readSymbolicLink(PID_NAMESPACE).toString(),
          directory.toString(),
          Files.getAttribute(directory, "unix:dev").toString());
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return JvmId.current();
    }
  }
}
