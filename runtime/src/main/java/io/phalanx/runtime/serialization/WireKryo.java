package io.phalanx.runtime.serialization;

import com.esotericsoftware.kryo.kryo5.Kryo;
import com.esotericsoftware.kryo.kryo5.Registration;
import com.esotericsoftware.kryo.kryo5.serializers.OptionalSerializers;
import com.esotericsoftware.kryo.kryo5.serializers.RecordSerializer;
import com.esotericsoftware.kryo.kryo5.serializers.TimeSerializers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;

/**
 * A Kryo that knows the records and enums of a {@link WireRegistry} and the few value types they
 * hold, and refuses everything else. Used by one thread at a time.
 *
 * <p>Every list, map, set and actor reference is written as its interface, whatever implements it,
 * and is read as an unmodifiable one with the same order.
 */
final class WireKryo extends Kryo {
  private static final int FIRST_VALUE_ID = 20;
  private static final int MOST_DEPTH = 64;
  private static final List<Class<?>> INTERFACES =
      List.of(List.class, Map.class, Set.class, ActorRef.class);

  WireKryo(WireRegistry registry, ActorRefResolver resolver) {
    setRegistrationRequired(true);
    setReferences(false);
    setMaxDepth(MOST_DEPTH);
    registerValues(resolver);
    registry.classes().forEach(this::registerWireClass);
  }

  private void registerValues(ActorRefResolver resolver) {
    register(String.class, new WireSerializers.Text());
    int id = FIRST_VALUE_ID;
    register(List.class, new WireSerializers.ListOf(), id++);
    register(Map.class, new WireSerializers.MapOf(), id++);
    register(Set.class, new WireSerializers.SetOf(), id++);
    register(ActorRef.class, new WireSerializers.Reference(resolver), id++);
    register(Optional.class, new OptionalSerializers.OptionalSerializer(), id++);
    register(Duration.class, new TimeSerializers.DurationSerializer(), id++);
    register(Instant.class, new TimeSerializers.InstantSerializer(), id++);
    register(byte[].class, new WireSerializers.Bytes(), id++);
    register(int[].class, new WireSerializers.Ints(), id++);
    register(int[][].class, new WireSerializers.IntRows(), id++);
    register(long[].class, new WireSerializers.Longs(), id++);
    register(float[].class, new WireSerializers.Floats(), id++);
  }

  private void registerWireClass(int id, Class<?> type) {
    if (type.isRecord()) {
      register(type, new RecordSerializer<>(type), id);
    } else {
      register(type, id);
    }
  }

  @Override
  @SuppressWarnings("rawtypes") // Kryo's signature
  public Registration getRegistration(Class type) {
    return super.getRegistration(wireType(type));
  }

  private Class<?> wireType(Class<?> type) {
    if (type.isRecord() || type.isArray() || type == String.class) {
      return type;
    }
    for (Class<?> known : INTERFACES) {
      if (known.isAssignableFrom(type)) {
        return known;
      }
    }
    return type;
  }
}
