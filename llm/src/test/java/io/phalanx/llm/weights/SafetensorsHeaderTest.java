package io.phalanx.llm.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link SafetensorsHeader} of well-formed and of corrupt files. */
final class SafetensorsHeaderTest {
  private static final String ENTRY = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[%d,%d]}";

  @TempDir private Path directory;

  @Test
  void read_twoTensorsInAnyOrder_findsBoth() {
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},\"b\":"
            + ENTRY.formatted(8, 16)
            + ",\"a\":"
            + ENTRY.formatted(0, 8)
            + "}";

    SafetensorsHeader read = SafetensorsHeader.read(write(header, 16));

    assertThat(read.dataStart()).isEqualTo(8 + header.length());
    assertThat(read.tensors())
        .containsOnlyKeys("a", "b")
        .containsEntry("b", new TensorEntry(DataType.F32, List.of(2L), 8, 16));
  }

  @Test
  void read_emptyTensors_areAllowed() {
    String header = TestCheckpoints.entry("a", "BF16", new long[] {0, 7}, 0, 0);

    assertThat(SafetensorsHeader.read(write(header, 0)).tensors()).containsOnlyKeys("a");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}} | 4 | is not what F32 of shape [2]",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}} | 8 | descending data_offsets",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[-8,0]}} | 8 | -8 in its data_offsets",
        "{'a':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | 8 | -2 in its shape",
        "{'a':{'dtype':'F32','shape':[2.5],'data_offsets':[0,10]}} | 10 | 2.5 in its shape",
        "{'a':{'dtype':'F32','shape':2,'data_offsets':[0,8]}} | 8 | without a list shape",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0]}} | 8 | without two data_offsets",
        "{'a':{'dtype':'F33','shape':[2],'data_offsets':[0,8]}} | 8 | unknown type \"F33\"",
        "{'a':{'dtype':'F32','shape':[4611686018427387904,4],'data_offsets':[0,8]}} | 8 | absurd",
        "{'a':{'dtype':'F32','shape':[99999999999999999999],'data_offsets':[0,8]}} | 8 | in its",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | 7 | fetch it again",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | 9 | fetch it again",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[4,12]}} | 12 | overlap or gap",
        "{'a':7} | 0 | unknown type",
        "[1,2] | 0 | not a JSON object",
        "{'a' | 0 | not JSON",
        "'' | 0 | not a JSON object",
      })
  void read_corruptHeader_namesFileAndReason(String header, int dataBytes, String reason) {
    assertInvalid(write(header == null ? "" : header.replace('\'', '"'), dataBytes), reason);
  }

  @Test
  void read_overlapGapOrDuplicate_isRefused() {
    assertInvalid(write(two(0, 8, 4, 12), 12), "overlap or gap");
    assertInvalid(write(two(0, 8, 12, 20), 20), "overlap or gap");
    String twice = "{\"a\":" + ENTRY.formatted(0, 8) + ",\"a\":" + ENTRY.formatted(0, 8) + "}";
    assertInvalid(write(twice, 8), "not JSON: Duplicate field 'a'");
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MAX_VALUE, 100_000_001, 99_999_999, 9})
  void read_headerLengthBeyondFileOrLimit_isRefusedBeforeAllocation(long headerBytes) {
    byte[] bytes =
        ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(headerBytes).array();

    assertInvalid(TestCheckpoints.writeBytes(file(), bytes), "says that its header has");
  }

  @Test
  void read_truncatedOrMissingFile_isRefused() {
    assertInvalid(TestCheckpoints.writeBytes(file(), new byte[7]), "has 7 bytes");
    assertInvalid(directory.resolve("none.safetensors"), "cannot be read");
  }

  private static String two(int begin, int end, int otherBegin, int otherEnd) {
    return "{\"a\":"
        + ENTRY.formatted(begin, end)
        + ",\"b\":"
        + ENTRY.formatted(otherBegin, otherEnd)
        + "}";
  }

  private Path file() {
    return directory.resolve("model.safetensors");
  }

  private Path write(String header, int dataBytes) {
    return TestCheckpoints.write(file(), header, new byte[dataBytes]);
  }

  private static void assertInvalid(Path file, String reason) {
    assertThatThrownBy(() -> SafetensorsHeader.read(file))
        .isInstanceOfSatisfying(
            ServingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL))
        .hasMessageContaining(file.toString())
        .hasMessageContaining(reason);
  }
}
