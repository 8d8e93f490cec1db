package io.phalanx.llm.tokenizer;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Copies the {@code model} of a {@code tokenizer.json}, piece by piece since vocabularies are
 * large: special tokens get their secret names, and the tokens of the vocabulary are noted on the
 * way.
 */
final class TokenizerModelCopy {
  private final JsonParser in;
  private final JsonGenerator out;
  private final Map<String, String> secretNames;
  private final ByteLevelVocabulary.Builder bytes;

  TokenizerModelCopy(
      JsonParser in,
      JsonGenerator out,
      Map<String, String> secretNames,
      ByteLevelVocabulary.Builder bytes) {
    this.in = in;
    this.out = out;
    this.secretNames = secretNames;
    this.bytes = bytes;
  }

  /** Copies the object that begins here. */
  void copy() throws IOException {
    Set<String> fields = new HashSet<>();
    out.writeStartObject();
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String field = in.currentName();
      TokenizerFile.requireNew(field, fields);
      out.writeFieldName(field);
      JsonToken value = in.nextToken();
      if (field.equals("vocab") && value == JsonToken.START_OBJECT) {
        copyIds();
      } else if (field.equals("vocab") && value == JsonToken.START_ARRAY) {
        copyPieces();
      } else if (field.equals("unk_token")) {
        copyRenamed();
      } else {
        out.copyCurrentStructure(in);
      }
    }
    out.writeEndObject();
  }

  /** A vocabulary that gives each token its id. */
  private void copyIds() throws IOException {
    out.writeStartObject();
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String token = in.currentName();
      bytes.token(in.nextToken() == JsonToken.VALUE_NUMBER_INT ? in.getIntValue() : 0, token);
      out.writeFieldName(renamed(token));
      out.copyCurrentStructure(in);
    }
    out.writeEndObject();
  }

  /** A vocabulary of pairs of token and score, where the place is the id. */
  private void copyPieces() throws IOException {
    out.writeStartArray();
    for (int id = 0; in.nextToken() != JsonToken.END_ARRAY; id++) {
      if (in.currentToken() == JsonToken.START_ARRAY) {
        copyPiece(id);
      } else {
        bytes.token(id, "");
        out.copyCurrentStructure(in);
      }
    }
    out.writeEndArray();
  }

  private void copyPiece(int id) throws IOException {
    out.writeStartArray();
    boolean named = in.nextToken() == JsonToken.VALUE_STRING;
    bytes.token(id, named ? in.getText() : "");
    while (in.currentToken() != JsonToken.END_ARRAY) {
      copyRenamed();
      in.nextToken();
    }
    out.writeEndArray();
  }

  private void copyRenamed() throws IOException {
    if (in.currentToken() == JsonToken.VALUE_STRING) {
      out.writeString(renamed(in.getText()));
    } else {
      out.copyCurrentStructure(in);
    }
  }

  private String renamed(String token) {
    return secretNames.getOrDefault(token, token);
  }
}
