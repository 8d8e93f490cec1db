package io.phalanx.http.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The parser of request bodies: JSON as RFC 8259 has it, within limits, and nothing more.
 *
 * <p>Refused are bytes that are not UTF-8, keys that stand twice in an object, NaN and Infinity,
 * numbers of more than 100 characters, names of more than 1000, more than 64 levels of nesting,
 * more than a million tokens of JSON (values, names, brackets), and whatever follows the object.
 */
public final class StrictJson {
  private static final int MOST_DEPTH = 64;
  private static final int MOST_NUMBER_LENGTH = 100;
  private static final int MOST_NAME_LENGTH = 1000;
  private static final int MOST_TOKENS = 1_000_000;

  /** What the parser adds to its messages for its own callers. */
  private static final Pattern FOR_CALLERS =
      Pattern.compile("\\s*(\\(bound as |: enable `|: not allowed as per ).*", Pattern.DOTALL);

  private static final JsonMapper MAPPER =
      JsonMapper.builder(factory()).enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private StrictJson() {}

  /**
   * Parses a request body.
   *
   * @throws ServingException {@code INVALID_REQUEST} with the reason if it is not one JSON object
   */
  public static ObjectNode parseObject(byte[] body) {
    String text = decode(body);
    JsonNode node;
    try {
      node = MAPPER.readTree(text);
    } catch (StreamConstraintsException e) {
      throw refused(
          "is not taken: it has more than %d levels, %d values and names, %d digits or %d letters of a name"
              .formatted(MOST_DEPTH, MOST_TOKENS, MOST_NUMBER_LENGTH, MOST_NAME_LENGTH),
          e);
    } catch (JsonProcessingException e) {
      throw refused("is not valid JSON: " + describe(e), e);
    }
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw refused("is not a JSON object, such as {\"model\": ...}", null);
  }

  private static String describe(JsonProcessingException e) {
    String text = FOR_CALLERS.matcher(e.getOriginalMessage()).replaceFirst("");
    JsonLocation at = e.getLocation();
    return at == null ? text : text + " at line " + at.getLineNr() + ", column " + at.getColumnNr();
  }

  private static String decode(byte[] body) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(body))
          .toString();
    } catch (CharacterCodingException e) {
      throw refused("is not valid UTF-8", e);
    }
  }

  private static ServingException refused(String problem, @Nullable Exception cause) {
    return new ServingException(
        ErrorCode.INVALID_REQUEST, "The request body " + problem + ".", cause);
  }

  private static JsonFactory factory() {
    StreamReadConstraints limits =
        StreamReadConstraints.builder()
            .maxNestingDepth(MOST_DEPTH)
            .maxNumberLength(MOST_NUMBER_LENGTH)
            .maxNameLength(MOST_NAME_LENGTH)
            .maxTokenCount(MOST_TOKENS)
            .maxStringLength(Integer.MAX_VALUE) // the body's own limit holds
            .build();
    return JsonFactory.builder()
        .streamReadConstraints(limits)
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
        .build();
  }
}
