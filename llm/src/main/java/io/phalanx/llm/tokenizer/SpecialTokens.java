package io.phalanx.llm.tokenizer;

import io.phalanx.llm.tokenizer.jinja.Text;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The special tokens of a tokenizer, and their secret names. */
final class SpecialTokens {

  /**
   * A special token.
   *
   * @param content its public name, such as {@code <|eot_id|>}
   * @param secretName what the native library knows it by
   */
  record Token(int id, String content, String secretName) {}

  private final List<Token> tokens;
  private final Map<String, Token> byContent;
  private final Pattern anyToken;

  private SpecialTokens(List<Token> tokens) {
    this.tokens = List.copyOf(tokens);
    byContent =
        tokens.stream().collect(Collectors.toMap(Token::content, Function.identity(), (a, b) -> a));
    anyToken =
        Pattern.compile(
            tokens.stream()
                .map(Token::content)
                .filter(content -> !content.isEmpty())
                .sorted(Comparator.comparing(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|")));
  }

  List<Token> tokens() {
    return tokens;
  }

  /** Returns the text, with special tokens that no user wrote under their secret names. */
  String withSecretNames(Text text) {
    String value = text.value();
    if (tokens.isEmpty()) {
      return value;
    }
    StringBuilder out = new StringBuilder();
    int copied = 0;
    Matcher matcher = anyToken.matcher(value);
    for (int from = 0; matcher.find(from); ) {
      Token token = byContent.get(matcher.group());
      if (token == null || text.isUserWritten(matcher.start(), matcher.end())) {
        from = matcher.start() + 1;
      } else {
        out.append(value, copied, matcher.start()).append(token.secretName());
        copied = matcher.end();
        from = copied;
      }
    }
    return out.append(value, copied, value.length()).toString();
  }

  /** Collects special tokens and names them. */
  static final class Builder {
    private static final int SECRET_BYTES = 16;

    private final List<Token> tokens = new ArrayList<>();
    private final String prefix;

    Builder() {
      byte[] secret = new byte[SECRET_BYTES];
      new SecureRandom().nextBytes(secret);
      prefix = "phalanx" + HexFormat.of().formatHex(secret) + "x";
    }

    /** Returns the token's secret name. */
    String add(int id, String content) {
      String name = prefix + id + "x";
      tokens.add(new Token(id, content, name));
      return name;
    }

    SpecialTokens build() {
      return new SpecialTokens(tokens);
    }
  }
}
