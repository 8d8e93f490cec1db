package io.phalanx.llm.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.device.NativeRuntime;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link Checkpoint} over single and sharded files. */
final class CheckpointTest {
  private static final String INDEX = "model.safetensors.index.json";

  @TempDir private Path directory;

  @BeforeAll
  static void loadLibTorch() {
    NativeRuntime.load();
  }

  @Test
  void tensor_singleFile_isTheFilesNumbersAndOutlivesIt() {
    long[] shape = {2, 3};
    TestCheckpoints.writeFloats(file("model.safetensors"), "w", shape, 1, 2, 3, 4, 5, 6);
    Tensor tensor;
    try (Checkpoint checkpoint = Checkpoint.open(directory)) {
      assertThat(checkpoint.type("w")).isEqualTo(ScalarType.Float);
      tensor = checkpoint.tensor("w", 2, 3);
    }

    try (tensor) {
      assertThat(tensor.select(0, 1).select(0, 2).item_float()).isEqualTo(6f);
    }
  }

  @Test
  void tensor_bytesThatAreNotAligned_areRead() {
    String header = TestCheckpoints.entry("w", "BF16", new long[] {1}, 0, 2);
    String odd = header.length() % 2 == 0 ? header + " " : header;
    TestCheckpoints.write(file("model.safetensors"), odd, new byte[] {(byte) 0x80, 0x3f});

    try (Checkpoint checkpoint = Checkpoint.open(directory);
        Tensor tensor = checkpoint.tensor("w", 1)) {
      assertThat(tensor.item_float()).isEqualTo(1f);
    }
  }

  @Test
  void tensor_beyondTwoGibibytes_isRead() throws IOException {
    long before = (1L << 31) + 64;
    String header =
        String.format(
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]},"
                + "\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}}",
            before, before, before, before + 4);
    Path path = TestCheckpoints.write(file("model.safetensors"), header, new byte[0]);
    try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
      sparse.seek(sparse.length() + before);
      sparse.write(new byte[] {0, 0, (byte) 0x80, 0x3f});
    }

    try (Checkpoint checkpoint = Checkpoint.open(directory);
        Tensor tensor = checkpoint.tensor("w", 1)) {
      assertThat(tensor.item_float()).isEqualTo(1f);
    }
  }

  @Test
  void tensor_missingOrOfOtherShapeOrType_isRefused() {
    TestCheckpoints.writeFloats(file("model.safetensors"), "w", new long[] {2}, 1, 2);
    try (Checkpoint checkpoint = Checkpoint.open(directory)) {
      assertInvalid(() -> checkpoint.tensor("v", 2), directory + " has no tensor v");
      assertInvalid(() -> checkpoint.tensor("w", 3), "shape [2], but config.json makes it [3]");
    }
    String header = TestCheckpoints.entry("w", "I8", new long[] {2}, 0, 2);
    TestCheckpoints.write(file("model.safetensors"), header, new byte[2]);
    try (Checkpoint checkpoint = Checkpoint.open(directory)) {
      assertInvalid(() -> checkpoint.tensor("w", 2), "of type I8; F32, F16 and BF16 are served");
    }
  }

  @Test
  void open_shards_findsEachTensorInItsFile() {
    TestCheckpoints.writeFloats(file("model-1.safetensors"), "a", new long[] {1}, 1);
    TestCheckpoints.writeFloats(file("model-2.safetensors"), "b", new long[] {1}, 2);
    writeIndex("{\"weight_map\":{\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"}}");

    try (Checkpoint checkpoint = Checkpoint.open(directory);
        Tensor b = checkpoint.tensor("b", 1)) {
      assertThat(b.item_float()).isEqualTo(2f);
    }
  }

  @Test
  void open_indexThatDoesNotFitItsShards_namesTheFile() {
    TestCheckpoints.writeFloats(file("model-1.safetensors"), "a", new long[] {1}, 1);

    writeIndex("{\"weight_map\":{\"a\":\"model-2.safetensors\"}}");
    assertInvalid(this::open, file("model-2.safetensors") + " is missing");
    writeIndex("{\"weight_map\":{\"b\":\"model-1.safetensors\"}}");
    assertInvalid(this::open, file("model-1.safetensors") + " has no tensor b");
    writeIndex("{\"weight_map\":[]}");
    assertInvalid(this::open, "has no weight_map");
    writeIndex("{");
    assertInvalid(this::open, file(INDEX) + " cannot be read");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../model.safetensors", "/model.safetensors", "a/b.safetensors", "model.bin", ""})
  void open_indexThatNamesAFileElsewhere_isRefused(String shard) {
    writeIndex("{\"weight_map\":{\"a\":\"" + shard + "\"}}");

    assertInvalid(this::open, "only .safetensors beside it may be named");
  }

  @ParameterizedTest
  @ValueSource(strings = {"pytorch_model.bin", "model.pt", "consolidated.00.pth"})
  void open_pickle_isRefusedWithTheReason(String name) {
    TestCheckpoints.writeBytes(file(name), new byte[] {1});

    assertInvalid(this::open, file(name) + " is a pickle, which can run code");
  }

  @Test
  void open_noWeights_saysWhatIsMissing() {
    assertInvalid(this::open, "has neither model.safetensors nor " + INDEX);
  }

  private void open() {
    Checkpoint.open(directory).close();
  }

  private Path file(String name) {
    return directory.resolve(name);
  }

  private void writeIndex(String json) {
    TestCheckpoints.writeBytes(file(INDEX), json.getBytes(StandardCharsets.UTF_8));
    assertThat(Files.exists(file(INDEX))).isTrue();
  }

  private static void assertInvalid(ThrowingCallable call, String reason) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ServingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL))
        .hasMessageContaining(reason);
  }
}
