package io.phalanx.llm.tokenizer;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The golden tokenizers and templates in the test resources. */
public final class Goldens {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Goldens() {}

  /** Returns the names of the golden models. */
  public static List<String> models() {
    return names(resource("/golden"));
  }

  /** Returns the names of the template goldens. */
  public static List<String> templates() {
    return names(resource("/templates"));
  }

  /** Returns the directory of a golden model. */
  public static Path model(String name) {
    return resource("/golden/" + name);
  }

  /** Reads a JSON file. */
  public static JsonNode read(Path file) {
    try {
      return JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns a template golden. */
  public static JsonNode template(String name) {
    return read(resource("/templates/" + name));
  }

  /** Returns a JSON object as plain Java values. */
  public static Map<String, Object> values(JsonNode node) {
    return JSON.convertValue(node, new TypeReference<Map<String, Object>>() {});
  }

  static int[] ids(JsonNode node) {
    return IntStream.range(0, node.size()).map(i -> node.path(i).intValue()).toArray();
  }

  static List<ChatMessage> messages(JsonNode node) {
    return IntStream.range(0, node.size())
        .mapToObj(node::path)
        .map(each -> new ChatMessage(each.path("role").asText(), each.path("content").asText()))
        .toList();
  }

  private static Path resource(String name) {
    try {
      return Path.of(Goldens.class.getResource(name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> names(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
