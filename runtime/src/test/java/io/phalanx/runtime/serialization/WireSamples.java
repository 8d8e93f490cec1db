package io.phalanx.runtime.serialization;

import java.lang.reflect.Constructor;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;

/** Makes an instance of any record, filled with sample values; rules of its own need a sample. */
final class WireSamples {
  private final Map<Class<?>, Object> given = new HashMap<>();

  WireSamples(ActorRef<?> reference) {
    given.put(int.class, 7);
    given.put(Integer.class, 7);
    given.put(long.class, 1L << 40);
    given.put(Long.class, 1L << 40);
    given.put(float.class, 0.5f);
    given.put(Float.class, 0.5f);
    given.put(double.class, 0.25);
    given.put(Double.class, 0.25);
    given.put(boolean.class, true);
    given.put(Boolean.class, true);
    given.put(String.class, "text \u00e9\ud83d\ude42");
    given.put(Duration.class, Duration.ofMillis(1500));
    given.put(Instant.class, Instant.ofEpochMilli(1_700_000_000_123L));
    given.put(int[].class, new int[] {1, -1, 131_072});
    given.put(int[][].class, new int[][] {{1, 2}, {}, {3}});
    given.put(long[].class, new long[] {1, -1, Long.MAX_VALUE});
    given.put(float[].class, new float[] {0.5f, -1});
    given.put(byte[].class, new byte[] {1, -1});
    given.put(ActorRef.class, reference);
  }

  void give(Object sample) {
    given.put(sample.getClass(), sample);
  }

  Object of(Type type) {
    if (type instanceof Class<?> plain) {
      return ofClass(plain);
    }
    if (type instanceof ParameterizedType generic) {
      return ofGeneric((Class<?>) generic.getRawType(), generic.getActualTypeArguments());
    }
    if (type instanceof WildcardType wildcard) {
      return of(wildcard.getUpperBounds()[0]);
    }
    if (type instanceof TypeVariable<?> variable) {
      return of(variable.getBounds()[0]);
    }
    throw new AssertionError(
        "no sample of " + (type instanceof GenericArrayType ? "generic array " : "") + type);
  }

  private Object ofGeneric(Class<?> raw, Type[] arguments) {
    if (raw == List.class) {
      return List.of(of(arguments[0]));
    }
    if (raw == Set.class) {
      return Set.of(of(arguments[0]));
    }
    if (raw == Map.class) {
      return Map.of(of(arguments[0]), of(arguments[1]));
    }
    if (raw == Optional.class) {
      return Optional.of(of(arguments[0]));
    }
    return ofClass(raw);
  }

  private Object ofClass(Class<?> type) {
    Object sample = given.get(type);
    if (sample != null) {
      return sample;
    }
    if (type.isEnum()) {
      return type.getEnumConstants()[0];
    }
    if (type.isRecord()) {
      return ofRecord(type);
    }
    if (type == Object.class) {
      return "anything";
    }
    return ofImplementation(type);
  }

  private Object ofImplementation(Class<?> type) {
    for (Map.Entry<Class<?>, Object> entry : given.entrySet()) {
      if (type.isAssignableFrom(entry.getKey())) {
        return entry.getValue();
      }
    }
    if (type.isSealed()) {
      return ofClass(type.getPermittedSubclasses()[0]);
    }
    throw new AssertionError("no sample of " + type + "; give one with withSample(...)");
  }

  private Object ofRecord(Class<?> type) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    Object[] values = Arrays.stream(components).map(c -> of(c.getGenericType())).toArray();
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      throw new AssertionError(
          type + " refuses made-up values; give one with withSample(...)", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(e.getMessage(), e);
    }
  }
}
