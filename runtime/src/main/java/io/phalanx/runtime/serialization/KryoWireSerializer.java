package io.phalanx.runtime.serialization;

import com.esotericsoftware.kryo.kryo5.KryoException;
import com.esotericsoftware.kryo.kryo5.io.Input;
import com.esotericsoftware.kryo.kryo5.io.KryoBufferOverflowException;
import com.esotericsoftware.kryo.kryo5.io.Output;
import com.esotericsoftware.kryo.kryo5.util.Pool;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.serialization.JSerializer;
import org.jspecify.annotations.Nullable;

/**
 * Pekko's serializer of {@link WireMessage}: Kryo with required registration. A message is the id
 * of its class and its components; a class that no {@link WireMessages} lists is neither written
 * nor read.
 */
public final class KryoWireSerializer extends JSerializer {
  /** Identifies this serializer on the wire; Pekko's own are below 40. */
  private static final int IDENTIFIER = 5_170;

  private static final int FIRST_BUFFER_BYTES = 512;
  private static final int MOST_POOLED = 16;
  private static final String SIZE_LIMIT = "pekko.remote.artery.advanced.maximum-large-frame-size";

  /** What a frame holds besides the message: recipient, sender, header. */
  private static final int ENVELOPE_BYTES = 8 * 1024;

  private final int mostBytes;
  private final Pool<WireKryo> kryos;

  /** Creates the serializer of {@code system}; called by Pekko. */
  public KryoWireSerializer(ExtendedActorSystem system) {
    WireRegistry registry = WireRegistry.load(system.dynamicAccess().classLoader());
    mostBytes =
        (int) Math.min(Integer.MAX_VALUE, system.settings().config().getBytes(SIZE_LIMIT))
            - ENVELOPE_BYTES;
    kryos =
        new Pool<>(true, false, MOST_POOLED) {
          @Override
          protected WireKryo create() {
            return new WireKryo(registry, ActorRefResolver.get(Adapter.toTyped(system)));
          }
        };
  }

  @Override
  public int identifier() {
    return IDENTIFIER;
  }

  @Override
  public boolean includeManifest() {
    return false;
  }

  @Override
  public byte[] toBinary(Object message) {
    WireKryo kryo = kryos.obtain();
    try (Output output = new Output(FIRST_BUFFER_BYTES, mostBytes)) {
      kryo.writeClassAndObject(output, message);
      return output.toBytes();
    } catch (KryoBufferOverflowException e) {
      throw new IllegalArgumentException(
          "message [" + message.getClass().getName() + "] exceeds [" + mostBytes + "] bytes", e);
    } finally {
      kryos.free(kryo);
    }
  }

  @Override
  public Object fromBinaryJava(byte[] bytes, @Nullable Class<?> manifest) {
    WireKryo kryo = kryos.obtain();
    try (Input input = new Input(bytes)) {
      Object message = kryo.readClassAndObject(input);
      if (!(message instanceof WireMessage) || input.position() != input.limit()) {
        throw new KryoException("no wire message, or followed by further bytes");
      }
      return message;
    } finally {
      kryos.free(kryo);
    }
  }
}
