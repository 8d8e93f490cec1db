package io.phalanx.runtime.serialization;

import com.esotericsoftware.kryo.kryo5.Kryo;
import com.esotericsoftware.kryo.kryo5.KryoException;
import com.esotericsoftware.kryo.kryo5.io.Input;
import com.esotericsoftware.kryo.kryo5.io.Output;
import com.esotericsoftware.kryo.kryo5.serializers.ImmutableSerializer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;

/**
 * The serializers of texts, arrays, collections and actor references. Each begins with a count that
 * is checked against the bytes that are left, so that a damaged message cannot ask for more memory
 * than a small multiple of its own size.
 */
final class WireSerializers {

  private WireSerializers() {}

  static final class Text extends ImmutableSerializer<String> {
    Text() {
      setAcceptsNull(true);
    }

    @Override
    public void write(Kryo kryo, Output output, String text) {
      if (text == null) {
        output.writeVarInt(0, true);
        return;
      }
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      output.writeVarInt(bytes.length + 1, true);
      output.writeBytes(bytes);
    }

    @Override
    @SuppressWarnings("NullAway") // Kryo's contract: null stands for a null component
    public String read(Kryo kryo, Input input, Class<? extends String> type) {
      int lengthPlusOne = input.readVarInt(true);
      if (lengthPlusOne == 0) {
        return null;
      }
      int length = checked(lengthPlusOne - 1, 1, input);
      return new String(input.readBytes(length), StandardCharsets.UTF_8);
    }
  }

  static final class Bytes extends ImmutableSerializer<byte[]> {
    @Override
    public void write(Kryo kryo, Output output, byte[] values) {
      output.writeVarInt(values.length, true);
      output.writeBytes(values);
    }

    @Override
    public byte[] read(Kryo kryo, Input input, Class<? extends byte[]> type) {
      return input.readBytes(count(input, 1));
    }
  }

  static final class Ints extends ImmutableSerializer<int[]> {
    @Override
    public void write(Kryo kryo, Output output, int[] values) {
      writeInts(output, values);
    }

    @Override
    public int[] read(Kryo kryo, Input input, Class<? extends int[]> type) {
      return readInts(input);
    }
  }

  static final class IntRows extends ImmutableSerializer<int[][]> {
    @Override
    public void write(Kryo kryo, Output output, int[][] rows) {
      output.writeVarInt(rows.length, true);
      for (int[] row : rows) {
        writeInts(output, row);
      }
    }

    @Override
    public int[][] read(Kryo kryo, Input input, Class<? extends int[][]> type) {
      int[][] rows = new int[count(input, 1)][];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = readInts(input);
      }
      return rows;
    }
  }

  static final class Longs extends ImmutableSerializer<long[]> {
    @Override
    public void write(Kryo kryo, Output output, long[] values) {
      output.writeVarInt(values.length, true);
      output.writeLongs(values, 0, values.length, false);
    }

    @Override
    public long[] read(Kryo kryo, Input input, Class<? extends long[]> type) {
      return input.readLongs(count(input, 1), false);
    }
  }

  static final class Floats extends ImmutableSerializer<float[]> {
    @Override
    public void write(Kryo kryo, Output output, float[] values) {
      output.writeVarInt(values.length, true);
      output.writeFloats(values, 0, values.length);
    }

    @Override
    public float[] read(Kryo kryo, Input input, Class<? extends float[]> type) {
      return input.readFloats(count(input, Float.BYTES));
    }
  }

  static final class ListOf extends ImmutableSerializer<List<?>> {
    @Override
    public void write(Kryo kryo, Output output, List<?> values) {
      writeAll(kryo, output, values);
    }

    @Override
    public List<?> read(Kryo kryo, Input input, Class<? extends List<?>> type) {
      return Collections.unmodifiableList(readAll(kryo, input, new ArrayList<>()));
    }
  }

  static final class SetOf extends ImmutableSerializer<Set<?>> {
    @Override
    public void write(Kryo kryo, Output output, Set<?> values) {
      writeAll(kryo, output, values);
    }

    @Override
    public Set<?> read(Kryo kryo, Input input, Class<? extends Set<?>> type) {
      return Collections.unmodifiableSet(readAll(kryo, input, new LinkedHashSet<>()));
    }
  }

  static final class MapOf extends ImmutableSerializer<Map<?, ?>> {
    @Override
    public void write(Kryo kryo, Output output, Map<?, ?> entries) {
      output.writeVarInt(entries.size(), true);
      entries.forEach(
          (key, value) -> {
            kryo.writeClassAndObject(output, key);
            kryo.writeClassAndObject(output, value);
          });
    }

    @Override
    public Map<?, ?> read(Kryo kryo, Input input, Class<? extends Map<?, ?>> type) {
      Map<Object, Object> entries = new LinkedHashMap<>();
      for (int left = count(input, 2); left > 0; left--) {
        entries.put(kryo.readClassAndObject(input), kryo.readClassAndObject(input));
      }
      return Collections.unmodifiableMap(entries);
    }
  }

  /** An actor reference as its path with address, resolved by the system that reads it. */
  static final class Reference extends ImmutableSerializer<ActorRef<?>> {
    private final ActorRefResolver resolver;
    private final Text text = new Text();

    Reference(ActorRefResolver resolver) {
      this.resolver = resolver;
    }

    @Override
    public void write(Kryo kryo, Output output, ActorRef<?> reference) {
      text.write(kryo, output, resolver.toSerializationFormat(reference));
    }

    @Override
    public ActorRef<?> read(Kryo kryo, Input input, Class<? extends ActorRef<?>> type) {
      return resolver.resolveActorRef(text.read(kryo, input, String.class));
    }
  }

  private static void writeInts(Output output, int[] values) {
    output.writeVarInt(values.length, true);
    output.writeInts(values, 0, values.length, false);
  }

  private static int[] readInts(Input input) {
    return input.readInts(count(input, 1), false);
  }

  private static void writeAll(Kryo kryo, Output output, Collection<?> values) {
    output.writeVarInt(values.size(), true);
    for (Object value : values) {
      kryo.writeClassAndObject(output, value);
    }
  }

  private static <C extends Collection<Object>> C readAll(Kryo kryo, Input input, C into) {
    for (int left = count(input, 1); left > 0; left--) {
      into.add(kryo.readClassAndObject(input));
    }
    return into;
  }

  /** Reads how many elements follow, each of at least {@code elementBytes} bytes. */
  private static int count(Input input, int elementBytes) {
    return checked(input.readVarInt(true), elementBytes, input);
  }

  private static int checked(int count, int elementBytes, Input input) {
    int left = input.limit() - input.position();
    if (count < 0 || count > left / elementBytes) {
      throw new KryoException("count [" + count + "] exceeds the [" + left + "] bytes left");
    }
    return count;
  }
}
