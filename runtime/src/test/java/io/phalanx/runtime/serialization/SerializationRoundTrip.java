package io.phalanx.runtime.serialization;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Array;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.serialization.Serialization;
import org.apache.pekko.serialization.SerializationExtension;
import org.apache.pekko.serialization.SerializerWithStringManifest;
import org.apache.pekko.serialization.Serializers;

/**
 * The test of a module's {@link WireMessages}: every record of the module that is a {@link
 * WireMessage} is listed, and every listed record comes back from the wire equal.
 *
 * <pre>
 * SerializationRoundTrip.of(testKit, new PlacementWireMessages())
 *     .withSample(new Bundle(...)) // for records whose constructor refuses made-up values
 *     .verify();
 * </pre>
 *
 * The test kit's configuration must have Phalanx's serializer: {@link #testKit()} makes such a kit.
 */
public final class SerializationRoundTrip {
  private final Serialization serialization;
  private final WireMessages messages;
  private final WireSamples samples;

  private SerializationRoundTrip(ActorTestKit testKit, WireMessages messages) {
    this.serialization = SerializationExtension.get(testKit.system().classicSystem());
    this.messages = messages;
    this.samples = new WireSamples(testKit.createTestProbe().ref());
  }

  /** Returns a test kit whose system serializes as a node does, without any port. */
  public static ActorTestKit testKit() {
    return ActorTestKit.create("round-trip", WireConfig.withoutPort());
  }

  /** Returns the test of {@code messages}, serialized by the system of {@code testKit}. */
  public static SerializationRoundTrip of(ActorTestKit testKit, WireMessages messages) {
    return new SerializationRoundTrip(testKit, messages);
  }

  /** Adds the instance that stands for its class, here and within other records. */
  public SerializationRoundTrip withSample(Object sample) {
    samples.give(sample);
    return this;
  }

  /** Checks that all is listed and goes round. */
  public void verify() {
    assertThat(messages.classes()).containsAll(wireRecordsOfModule());
    for (Class<?> type : messages.classes()) {
      if (WireMessage.class.isAssignableFrom(type) && type.isRecord()) {
        assertGoesRound(samples.of(type));
      }
    }
  }

  /** Checks that {@code message} comes back from the wire equal, arrays by their elements. */
  public void assertGoesRound(Object message) {
    assertThat(sameValue(message, throughTheWire(message)))
        .as("%s comes back equal", message)
        .isTrue();
  }

  /** Returns what the other side reads when {@code message} is sent. */
  public Object throughTheWire(Object message) {
    byte[] bytes = serialization.serialize(message).get();
    org.apache.pekko.serialization.Serializer serializer = serialization.findSerializerFor(message);
    assertThat(serializer).isInstanceOf(KryoWireSerializer.class);
    String manifest =
        serializer instanceof SerializerWithStringManifest
            ? Serializers.manifestFor(serializer, message)
            : "";
    return serialization.deserialize(bytes, serializer.identifier(), manifest).get();
  }

  /** Every record compiled beside the list's own class that implements the marker. */
  private List<Class<?>> wireRecordsOfModule() {
    Class<?> list = messages.getClass();
    try {
      Path root = Path.of(list.getProtectionDomain().getCodeSource().getLocation().toURI());
      try (Stream<Path> files = Files.walk(root)) {
        List<Class<?>> records = new ArrayList<>();
        files
            .map(file -> root.relativize(file).toString())
            .filter(file -> file.endsWith(".class") && !file.contains("-info"))
            .map(file -> load(file, list.getClassLoader()))
            .filter(type -> type.isRecord() && WireMessage.class.isAssignableFrom(type))
            .filter(type -> Modifier.isStatic(type.getModifiers()) || !type.isMemberClass())
            .forEach(records::add);
        return records;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static Class<?> load(String file, ClassLoader loader) {
    String name = file.substring(0, file.length() - ".class".length()).replace('/', '.');
    try {
      return Class.forName(name, false, loader);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean sameValue(Object left, Object right) {
    if (left == null || right == null) {
      return left == right;
    }
    if (left.getClass().isRecord()) {
      return left.getClass() == right.getClass() && sameComponents(left, right);
    }
    if (left.getClass().isArray()) {
      return sameArray(left, right);
    }
    if (left instanceof List<?> list && right instanceof List<?> other) {
      return sameElements(list, other);
    }
    if (left instanceof Optional<?> optional && right instanceof Optional<?> other) {
      return sameElements(optional.stream().toList(), other.stream().toList());
    }
    return Objects.equals(left, right);
  }

  private static boolean sameComponents(Object left, Object right) {
    for (RecordComponent component : left.getClass().getRecordComponents()) {
      try {
        component.getAccessor().setAccessible(true);
        if (!sameValue(
            component.getAccessor().invoke(left), component.getAccessor().invoke(right))) {
          return false;
        }
      } catch (ReflectiveOperationException e) {
        throw new LinkageError(e.getMessage(), e);
      }
    }
    return true;
  }

  private static boolean sameArray(Object left, Object right) {
    boolean same =
        left.getClass() == right.getClass() && Array.getLength(left) == Array.getLength(right);
    for (int i = 0; same && i < Array.getLength(left); i++) {
      same = sameValue(Array.get(left, i), Array.get(right, i));
    }
    return same;
  }

  private static boolean sameElements(List<?> left, List<?> right) {
    Iterator<?> others = right.iterator();
    return left.size() == right.size()
        && left.stream().allMatch(element -> sameValue(element, others.next()));
  }
}
