package io.phalanx.llm.tokenizer;

/**
 * One message of a chat.
 *
 * @param role {@code system}, {@code user} or {@code assistant} (the template decides what it
 *     takes)
 * @param content plain text
 */
public record ChatMessage(String role, String content) {}
