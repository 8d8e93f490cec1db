package io.phalanx.llm.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Writes small safetensors files, good and bad. */
public final class TestCheckpoints {
  private TestCheckpoints() {}

  /** Writes a header, whatever it says, and data. */
  public static Path write(Path file, String header, byte[] data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(Long.BYTES + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(json.length).put(json).put(data);
    return writeBytes(file, bytes.array());
  }

  /** Writes one float32 tensor of a file of its own. */
  public static Path writeFloats(Path file, String name, long[] shape, float... values) {
    ByteBuffer data =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      data.putFloat(value);
    }
    return write(file, entry(name, "F32", shape, 0, data.capacity()), data.array());
  }

  /** Returns a header of one tensor. */
  public static String entry(String name, String type, long[] shape, long begin, long end) {
    return String.format(
        "{\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}}",
        name, type, Arrays.toString(shape), begin, end);
  }

  static Path writeBytes(Path file, byte[] bytes) {
    try {
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
