package io.phalanx.llm.weights;

import io.phalanx.llm.layers.cpu.MappedPages;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * One memory-mapped safetensors file of any size: the operating system reads a page when it is
 * first touched, and a rank touches only its shard.
 */
final class SafetensorsFile implements AutoCloseable {
  private static final Set<DataType> SERVED = EnumSet.of(DataType.F32, DataType.F16, DataType.BF16);

  private final Path file;
  private final SafetensorsHeader header;
  private @Nullable Tensor bytes;

  private SafetensorsFile(Path file, SafetensorsHeader header) {
    this.file = file;
    this.header = header;
  }

  /** Reads the header; the file is mapped when the first tensor is asked for. */
  static SafetensorsFile open(Path file) {
    return new SafetensorsFile(file, SafetensorsHeader.read(file));
  }

  Path path() {
    return file;
  }

  Set<String> names() {
    return header.tensors().keySet();
  }

  /** Returns where a tensor lies; it must be one of {@link #names}. */
  TensorEntry entry(String name) {
    TensorEntry entry = header.tensors().get(name);
    if (entry == null) {
      throw InvalidWeights.of(file, "has no tensor " + name);
    }
    return entry;
  }

  /**
   * Returns a tensor as it lies in the file.
   *
   * @return float32, float16 or bfloat16 on the CPU, a view of the mapping that stays valid after
   *     {@link #close}; read only; the caller closes it
   */
  Tensor tensor(String name) {
    TensorEntry entry = entry(name);
    ScalarType type = type(name);
    long length = entry.end() - entry.begin();
    try (PointerScope scope = new PointerScope()) {
      if (length == 0) {
        return torch.empty(entry.dimensions(), new TensorOptions(type), null).retainReference();
      }
      Tensor slice = mapping().narrow(0, header.dataStart() + entry.begin(), length);
      boolean aligned = slice.storage_offset() % entry.type().bytes() == 0;
      Tensor elements = (aligned ? slice : slice.clone()).view(type);
      return elements.view(entry.dimensions()).retainReference();
    }
  }

  private Tensor mapping() {
    if (bytes == null) {
      long end = header.tensors().values().stream().mapToLong(TensorEntry::end).max().orElse(0);
      try (PointerScope scope = new PointerScope()) {
        bytes =
            torch
                .from_file(
                    file.toString(),
                    new BoolOptional(false),
                    new LongOptional(header.dataStart() + end),
                    new TensorOptions(ScalarType.Byte))
                .retainReference();
      } catch (RuntimeException e) {
        throw InvalidWeights.of(file, "cannot be mapped: " + e.getMessage(), e);
      }
    }
    return bytes;
  }

  /** Refuses a weight whose type is not served; touches no native library. */
  void requireServed(String name) {
    DataType type = entry(name).type();
    if (!SERVED.contains(type)) {
      throw InvalidWeights.of(
          file, "has tensor " + name + " of type " + type + "; F32, F16 and BF16 are served");
    }
  }

  /** Returns the type of a weight. */
  ScalarType type(String name) {
    requireServed(name);
    return switch (entry(name).type()) {
      case F32 -> ScalarType.Float;
      case F16 -> ScalarType.Half;
      default -> ScalarType.BFloat16;
    };
  }

  /** Weights that were copied while loading need not stay in memory; others come back as used. */
  @Override
  public void close() {
    if (bytes != null) {
      MappedPages.release(bytes.data_ptr().address(), bytes.numel());
      bytes.releaseReference();
      bytes = null;
    }
  }
}
