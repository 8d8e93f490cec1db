package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Token.Kind;
import java.util.List;
import java.util.Set;

/** The tokens of a template and the place that the parsers have reached. */
final class Tokens {
  private final List<Token> tokens;
  private int position;

  Tokens(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token peek() {
    return tokens.get(position);
  }

  Token next() {
    Token token = tokens.get(position);
    position = Math.min(position + 1, tokens.size() - 1);
    return token;
  }

  boolean at(Kind kind) {
    return peek().kind() == kind;
  }

  boolean at(Kind kind, String text) {
    return peek().is(kind, text);
  }

  boolean atBlock(Set<String> names) {
    return at(Kind.BLOCK_BEGIN)
        && tokens.get(position + 1).kind() == Kind.NAME
        && names.contains(tokens.get(position + 1).text());
  }

  /** Returns whether the token after the next one is this. */
  boolean isSecond(Kind kind, String text) {
    return position + 1 < tokens.size() && tokens.get(position + 1).is(kind, text);
  }

  boolean skip(Kind kind, String text) {
    boolean found = at(kind, text);
    if (found) {
      next();
    }
    return found;
  }

  Token expect(Kind kind) {
    if (!at(kind)) {
      throw error("expected " + kind + " but found " + shown());
    }
    return next();
  }

  void expect(Kind kind, String text) {
    if (!at(kind, text)) {
      throw error("expected [" + (text.isEmpty() ? kind : text) + "] but found " + shown());
    }
    next();
  }

  TemplateException error(String message) {
    return new TemplateException("line " + peek().line() + ": " + message);
  }

  private String shown() {
    return peek().text().isEmpty() ? peek().kind().toString() : "[" + peek().text() + "]";
  }
}
