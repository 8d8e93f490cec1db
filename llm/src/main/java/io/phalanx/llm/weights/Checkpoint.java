package io.phalanx.llm.weights;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The weights of a model directory: {@code model.safetensors}, or the shards that {@code
 * model.safetensors.index.json} names. Belongs to one thread.
 */
public final class Checkpoint implements AutoCloseable {
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final Pattern SHARD_NAME = Pattern.compile("[A-Za-z0-9][\\w.-]*\\.safetensors");
  private static final Pattern PICKLE_NAME =
      Pattern.compile(".*\\.(bin|pt|pth|pkl|ckpt)", Pattern.CASE_INSENSITIVE);
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final Path directory;
  private final Map<String, SafetensorsFile> fileOfTensor;

  private Checkpoint(Path directory, Map<String, SafetensorsFile> fileOfTensor) {
    this.directory = directory;
    this.fileOfTensor = fileOfTensor;
  }

  /**
   * Reads and checks the headers of all files; no weight is touched.
   *
   * @throws ServingException {@code INVALID_MODEL} if a file is missing, corrupt or a pickle; the
   *     text names the file and the reason
   */
  public static Checkpoint open(Path directory) {
    if (Files.isRegularFile(directory.resolve(SINGLE))) {
      SafetensorsFile file = SafetensorsFile.open(directory.resolve(SINGLE));
      Map<String, SafetensorsFile> files = new HashMap<>();
      file.names().forEach(name -> files.put(name, file));
      return new Checkpoint(directory, files);
    }
    if (Files.isRegularFile(directory.resolve(INDEX))) {
      return new Checkpoint(directory, shards(directory, directory.resolve(INDEX)));
    }
    throw noWeights(directory);
  }

  /** Returns a tensor's type: float32, float16 or bfloat16. */
  public ScalarType type(String name) {
    return file(name).type(name);
  }

  /**
   * Returns a tensor as it lies in its file.
   *
   * @param shape what the model's configuration makes of it
   * @return float32, float16 or bfloat16 on the CPU, a view of the mapped file; read only; the
   *     caller closes it
   * @throws ServingException {@code INVALID_MODEL} if it is missing or has another shape or type
   */
  public Tensor tensor(String name, long... shape) {
    requireTensor(name, shape);
    return file(name).tensor(name);
  }

  /**
   * Checks, by the headers alone, that a tensor is there.
   *
   * @param shape what the model's configuration makes of it
   * @throws ServingException {@code INVALID_MODEL} if it is missing or has another shape, or a type
   *     that is not served
   */
  public void requireTensor(String name, long... shape) {
    SafetensorsFile file = file(name);
    TensorEntry entry = file.entry(name);
    if (!Arrays.equals(entry.dimensions(), shape)) {
      throw InvalidWeights.of(
          file.path(),
          String.format(
              "has tensor %s of shape %s, but config.json makes it %s",
              name, Arrays.toString(entry.dimensions()), Arrays.toString(shape)));
    }
    file.requireServed(name);
  }

  /** Returns the names of all tensors. */
  public Set<String> names() {
    return Set.copyOf(fileOfTensor.keySet());
  }

  private SafetensorsFile file(String name) {
    SafetensorsFile file = fileOfTensor.get(name);
    if (file == null) {
      throw InvalidWeights.of(directory, "has no tensor " + name + " in its weights");
    }
    return file;
  }

  /** Unmaps the files; tensors that were returned stay valid. */
  @Override
  public void close() {
    fileOfTensor.values().forEach(SafetensorsFile::close);
  }

  private static Map<String, SafetensorsFile> shards(Path directory, Path index) {
    Map<String, SafetensorsFile> opened = new LinkedHashMap<>();
    Map<String, SafetensorsFile> result = new HashMap<>();
    JsonNode weightMap = readIndex(index).path("weight_map");
    if (!weightMap.isObject() || weightMap.isEmpty()) {
      throw InvalidWeights.of(index, "has no weight_map of tensor names to files");
    }
    for (Map.Entry<String, JsonNode> entry : weightMap.properties()) {
      String shard = entry.getValue().asText();
      if (!SHARD_NAME.matcher(shard).matches()) {
        throw InvalidWeights.of(
            index,
            "names the file " + entry.getValue() + "; only .safetensors beside it may be named");
      }
      SafetensorsFile file = opened.computeIfAbsent(shard, name -> openShard(directory, name));
      file.entry(entry.getKey());
      result.put(entry.getKey(), file);
    }
    return result;
  }

  private static SafetensorsFile openShard(Path directory, String name) {
    Path file = directory.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw InvalidWeights.of(file, "is missing, but " + INDEX + " names it; fetch it again");
    }
    return SafetensorsFile.open(file);
  }

  private static JsonNode readIndex(Path index) {
    try {
      return MAPPER.readTree(Files.readAllBytes(index));
    } catch (IOException e) {
      throw InvalidWeights.of(index, "cannot be read: " + e.getMessage(), e);
    }
  }

  private static ServingException noWeights(Path directory) {
    Optional<Path> pickle = findPickle(directory);
    String reason =
        pickle
            .map(
                file ->
                    String.format(
                        Locale.ROOT,
                        "%s is a pickle, which can run code when it is read, and is refused;"
                            + " convert the weights to safetensors",
                        file))
            .orElse(directory + " has neither " + SINGLE + " nor " + INDEX);
    return new ServingException(ErrorCode.INVALID_MODEL, reason + ".");
  }

  private static Optional<Path> findPickle(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> PICKLE_NAME.matcher(file.getFileName().toString()).matches())
          .sorted()
          .findFirst();
    } catch (IOException e) {
      throw InvalidWeights.of(directory, "cannot be listed: " + e, e);
    }
  }
}
