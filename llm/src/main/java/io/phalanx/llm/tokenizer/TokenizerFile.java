package io.phalanx.llm.tokenizer;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A {@code tokenizer.json}, with its special tokens renamed to names that nobody can guess.
 *
 * <p>Hugging Face's library takes a special token for itself wherever its name stands in a text, so
 * a user could write one. Here the names are random for each load: what a user writes is ordinary
 * text, and only {@link SpecialTokens} knows how to write a special token. Ids, merges and every
 * flag of the tokens stay as they are.
 *
 * @param json what the native library is given
 * @param special the special tokens
 * @param vocabSize largest id + 1
 * @param byteLevel the bytes of each token, if that is how this tokenizer decodes
 */
record TokenizerFile(
    String json, SpecialTokens special, int vocabSize, Optional<ByteLevelVocabulary> byteLevel) {

  private static final String MODEL = "model";
  private static final String ADDED_TOKENS = "added_tokens";

  /** Bytes by which the text may grow before it is copied. */
  private static final int MARGIN = 1 << 16;

  private static final ObjectMapper JSON = new ObjectMapper();

  static void requireFile(Path file) {
    if (!Files.isRegularFile(file)) {
      throw invalid(file, "is missing; a model directory must have it", null);
    }
  }

  /** Reads a file that is there, see {@link #requireFile}. */
  static TokenizerFile read(Path file) {
    try {
      ObjectNode aroundModel = readAroundModel(file);
      SpecialTokens.Builder names = new SpecialTokens.Builder();
      ByteLevelVocabulary.Builder bytes = new ByteLevelVocabulary.Builder();
      String json = rewrite(file, aroundModel, nameSpecialTokens(aroundModel, names), bytes);
      SpecialTokens special = names.build();
      ByteLevelVocabulary vocabulary = withAddedTokens(bytes, special, aroundModel);
      return new TokenizerFile(
          json,
          special,
          vocabulary.size(),
          decodesBytes(aroundModel.path("decoder")) ? Optional.of(vocabulary) : Optional.empty());
    } catch (IOException | IllegalArgumentException e) {
      throw invalid(file, "is not a tokenizer: " + e.getMessage(), e);
    }
  }

  /** The same without the text that only the native library needed. */
  TokenizerFile withoutJson() {
    return new TokenizerFile("", special, vocabSize, byteLevel);
  }

  static ServingException invalid(Path file, String problem, @Nullable Exception cause) {
    return new ServingException(ErrorCode.INVALID_MODEL, file + " " + problem + ".", cause);
  }

  /** Reads all but the model, of which it only sees that it is there. */
  private static ObjectNode readAroundModel(Path file) throws IOException {
    ObjectNode around = JSON.createObjectNode();
    Set<String> fields = new HashSet<>();
    boolean hasModel = false;
    try (JsonParser in = JSON.createParser(file.toFile())) {
      boolean isObject = in.nextToken() == JsonToken.START_OBJECT;
      while (isObject && in.nextToken() == JsonToken.FIELD_NAME) {
        String field = in.currentName();
        requireNew(field, fields);
        JsonToken value = in.nextToken();
        if (field.equals(MODEL)) {
          hasModel = value == JsonToken.START_OBJECT;
          in.skipChildren();
        } else {
          around.set(field, in.readValueAsTree());
        }
      }
    }
    if (!hasModel) {
      throw invalid(file, "is not a tokenizer: it has no object [model]", null);
    }
    return around;
  }

  /**
   * Refuses a second value of a key. Hugging Face's library would take the last one in silence;
   * here, what is read for the special tokens must be what the library is given.
   */
  static void requireNew(String field, Set<String> fields) {
    if (!fields.add(field)) {
      throw new IllegalArgumentException("it has the key [" + field + "] twice; keep one of them");
    }
  }

  /** Gives the special tokens their secret names; returns these by the public ones. */
  private static Map<String, String> nameSpecialTokens(
      ObjectNode aroundModel, SpecialTokens.Builder special) {
    Map<String, String> secretNames = new HashMap<>();
    for (JsonNode token : aroundModel.path(ADDED_TOKENS)) {
      if (token.path("special").booleanValue()) {
        String content = token.path("content").asText();
        String name = special.add(token.path("id").intValue(), content);
        secretNames.putIfAbsent(content, name);
        ((ObjectNode) token).put("content", name);
      }
    }
    return secretNames;
  }

  private static String rewrite(
      Path file,
      ObjectNode aroundModel,
      Map<String, String> secretNames,
      ByteLevelVocabulary.Builder bytes)
      throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream((int) Files.size(file) + MARGIN);
    try (JsonParser in = JSON.createParser(file.toFile());
        JsonGenerator out = JSON.createGenerator(text)) {
      aroundModel.putNull("truncation");
      aroundModel.putNull("padding");
      out.writeStartObject();
      for (Map.Entry<String, JsonNode> part : aroundModel.properties()) {
        out.writePOJOField(part.getKey(), part.getValue());
      }
      out.writeFieldName(MODEL);
      skipToModel(in);
      new TokenizerModelCopy(in, out, secretNames, bytes).copy();
      out.writeEndObject();
    }
    return text.toString(StandardCharsets.UTF_8);
  }

  private static void skipToModel(JsonParser in) throws IOException {
    in.nextToken();
    while (in.nextToken() == JsonToken.FIELD_NAME && !in.currentName().equals(MODEL)) {
      in.nextToken();
      in.skipChildren();
    }
    in.nextToken();
  }

  private static ByteLevelVocabulary withAddedTokens(
      ByteLevelVocabulary.Builder bytes, SpecialTokens special, ObjectNode aroundModel) {
    for (JsonNode token : aroundModel.path(ADDED_TOKENS)) {
      if (!token.path("special").booleanValue()) {
        bytes.token(token.path("id").intValue(), token.path("content").asText());
      }
    }
    special.tokens().forEach(token -> bytes.special(token.id()));
    return bytes.build();
  }

  private static boolean decodesBytes(JsonNode decoder) {
    JsonNode parts = decoder.path("decoders");
    JsonNode only = parts.size() == 1 ? parts.path(0) : decoder;
    return only.path("type").asText().equals("ByteLevel");
  }
}
