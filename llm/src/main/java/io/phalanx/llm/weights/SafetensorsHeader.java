package io.phalanx.llm.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The table at the start of a safetensors file, checked so that every entry lies within the file
 * and no two overlap.
 *
 * <p>The file is an unsigned 64-bit little-endian header length, a JSON object of that many bytes,
 * and the tensors' bytes without a gap.
 *
 * @param tensors by name, in the file's order
 * @param dataStart the file's byte at which offset 0 of the entries lies
 * @see <a href="https://github.com/huggingface/safetensors">the format</a>
 */
record SafetensorsHeader(Map<String, TensorEntry> tensors, long dataStart) {
  /** The longest header that is read; the reference implementation has the same limit. */
  static final long MAX_HEADER_BYTES = 100_000_000;

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final String METADATA = "__metadata__";

  /** Reads and checks the header of a file. */
  static SafetensorsHeader read(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long fileBytes = channel.size();
      check(file, fileBytes >= Long.BYTES, "has %d bytes; even a header takes 8", fileBytes);
      long headerBytes = readFully(file, channel, Long.BYTES).getLong();
      check(
          file,
          headerBytes >= 0 && headerBytes <= MAX_HEADER_BYTES,
          "says that its header has %s bytes; at most 100 MB are read",
          Long.toUnsignedString(headerBytes));
      check(
          file,
          headerBytes <= fileBytes - Long.BYTES,
          "says that its header has %d bytes, but the file has only %d",
          headerBytes,
          fileBytes);
      JsonNode json = MAPPER.readTree(readFully(file, channel, (int) headerBytes).array());
      check(file, json.isObject(), "has a header that is not a JSON object");
      long dataStart = Long.BYTES + headerBytes;
      Map<String, TensorEntry> tensors = entries(file, json);
      checkCoverage(file, tensors, fileBytes - dataStart);
      return new SafetensorsHeader(tensors, dataStart);
    } catch (JsonProcessingException e) {
      throw InvalidWeights.of(file, "has a header that is not JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw InvalidWeights.of(file, "cannot be read: " + e, e);
    }
  }

  private static ByteBuffer readFully(Path file, FileChannel channel, int bytes)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      check(file, channel.read(buffer) >= 0, "ended while its header was read");
    }
    return buffer.flip();
  }

  private static Map<String, TensorEntry> entries(Path file, JsonNode json) {
    Map<String, TensorEntry> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : json.properties()) {
      if (!field.getKey().equals(METADATA)) {
        tensors.put(field.getKey(), entry(file, field.getKey(), field.getValue()));
      }
    }
    return tensors;
  }

  private static TensorEntry entry(Path file, String name, JsonNode json) {
    String typeName = json.path("dtype").asText("");
    DataType type = DataType.find(typeName);
    if (type == null) {
      throw InvalidWeights.of(file, "has tensor " + name + " of unknown type " + json.get("dtype"));
    }
    List<Long> shape = lengths(file, name, "shape", json.path("shape"));
    List<Long> offsets = lengths(file, name, "data_offsets", json.path("data_offsets"));
    check(file, offsets.size() == 2, "has tensor %s without two data_offsets", name);
    long span = offsets.get(1) - offsets.get(0);
    check(file, span >= 0, "has tensor %s with descending data_offsets %s", name, offsets);
    check(
        file,
        span == bytes(file, name, type, shape),
        "has tensor %s of %d bytes, which is not what %s of shape %s takes",
        name,
        span,
        type,
        shape);
    return new TensorEntry(type, shape, offsets.get(0), offsets.get(1));
  }

  private static List<Long> lengths(Path file, String name, String field, JsonNode json) {
    check(file, json.isArray(), "has tensor %s without a list %s", name, field);
    List<Long> lengths = new ArrayList<>();
    for (JsonNode length : json) {
      boolean valid =
          length.isIntegralNumber() && length.canConvertToLong() && length.longValue() >= 0;
      check(file, valid, "has tensor %s with %s in its %s", name, length, field);
      lengths.add(length.longValue());
    }
    return lengths;
  }

  private static long bytes(Path file, String name, DataType type, List<Long> shape) {
    try {
      long bytes = type.bytes();
      for (long length : shape) {
        bytes = Math.multiplyExact(bytes, length);
      }
      return bytes;
    } catch (ArithmeticException e) {
      throw InvalidWeights.of(file, "has tensor " + name + " of absurd shape " + shape, e);
    }
  }

  /** Checks that the tensors cover the data without gap, overlap or anything left over. */
  private static void checkCoverage(Path file, Map<String, TensorEntry> tensors, long dataBytes) {
    List<Map.Entry<String, TensorEntry>> inOrder = new ArrayList<>(tensors.entrySet());
    inOrder.sort(
        Comparator.comparingLong((Map.Entry<String, TensorEntry> e) -> e.getValue().begin())
            .thenComparingLong(e -> e.getValue().end()));
    long covered = 0;
    for (Map.Entry<String, TensorEntry> tensor : inOrder) {
      check(
          file,
          tensor.getValue().begin() == covered,
          "has tensor %s at byte %d of its data, where %d was expected: overlap or gap",
          tensor.getKey(),
          tensor.getValue().begin(),
          covered);
      covered = tensor.getValue().end();
    }
    check(
        file,
        covered == dataBytes,
        "holds %d bytes of data, but its header describes %d; fetch it again",
        dataBytes,
        covered);
  }

  @SuppressWarnings("AnnotateFormatMethod") // its annotation is not among the dependencies
  private static void check(Path file, boolean holds, String format, Object... arguments) {
    if (!holds) {
      throw InvalidWeights.of(file, String.format(format, arguments));
    }
  }
}
