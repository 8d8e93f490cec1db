package io.phalanx.llm.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
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

  private static final ObjectMapper JSON = new ObjectMapper();

  static TokenizerFile read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw invalid(file, "is missing; a model directory must have it", null);
    }
    try (InputStream in = Files.newInputStream(file)) {
      JsonNode root = JSON.readTree(in);
      if (root instanceof ObjectNode object && object.path("model").isObject()) {
        return rename(object);
      }
      throw invalid(file, "is not a tokenizer: it has no object [model]", null);
    } catch (IOException | IllegalArgumentException e) {
      throw invalid(file, "is not a tokenizer: " + e.getMessage(), e);
    }
  }

  static ServingException invalid(Path file, String problem, @Nullable Exception cause) {
    return new ServingException(ErrorCode.INVALID_MODEL, file + " " + problem + ".", cause);
  }

  private static TokenizerFile rename(ObjectNode root) throws IOException {
    ByteLevelVocabulary.Builder bytes = new ByteLevelVocabulary.Builder();
    ObjectNode model = (ObjectNode) root.path("model");
    readVocabulary(model.path("vocab"), bytes);
    SpecialTokens.Builder special = new SpecialTokens.Builder();
    for (JsonNode token : root.path("added_tokens")) {
      int id = token.path("id").intValue();
      String content = token.path("content").asText();
      if (token.path("special").booleanValue()) {
        String name = special.add(id, content);
        ((ObjectNode) token).put("content", name);
        renameInModel(model, content, name);
        bytes.special(id);
      } else {
        bytes.token(id, content);
      }
    }
    root.putNull("truncation");
    root.putNull("padding");
    ByteLevelVocabulary vocabulary = bytes.build();
    return new TokenizerFile(
        JSON.writeValueAsString(root),
        special.build(),
        vocabulary.size(),
        decodesBytes(root.path("decoder")) ? Optional.of(vocabulary) : Optional.empty());
  }

  private static void readVocabulary(JsonNode vocabulary, ByteLevelVocabulary.Builder bytes) {
    vocabulary
        .properties()
        .forEach(entry -> bytes.token(entry.getValue().intValue(), entry.getKey()));
    if (vocabulary.isArray()) {
      for (int id = 0; id < vocabulary.size(); id++) {
        bytes.token(id, vocabulary.path(id).path(0).asText());
      }
    }
  }

  private static void renameInModel(ObjectNode model, String from, String to) {
    JsonNode vocabulary = model.path("vocab");
    if (vocabulary instanceof ObjectNode object && object.has(from)) {
      JsonNode id = object.remove(from);
      object.set(to, id);
    }
    if (vocabulary.isArray()) {
      for (JsonNode piece : vocabulary) {
        if (piece.path(0).asText().equals(from)) {
          ((ArrayNode) piece).set(0, to);
        }
      }
    }
    if (model.path("unk_token").asText().equals(from)) {
      model.put("unk_token", to);
    }
  }

  private static boolean decodesBytes(JsonNode decoder) {
    JsonNode parts = decoder.path("decoders");
    JsonNode only = parts.size() == 1 ? parts.path(0) : decoder;
    return only.path("type").asText().equals("ByteLevel");
  }
}
