package io.phalanx.http;

/** The two forms of OpenAI's answers. */
enum AnswerKind {
  /** Of {@code /v1/chat/completions}. */
  CHAT("chatcmpl-", "chat.completion", "chat.completion.chunk"),
  /** Of {@code /v1/completions}. */
  COMPLETION("cmpl-", "text_completion", "text_completion");

  private final String idPrefix;
  private final String objectName;
  private final String chunkObjectName;

  AnswerKind(String idPrefix, String objectName, String chunkObjectName) {
    this.idPrefix = idPrefix;
    this.objectName = objectName;
    this.chunkObjectName = chunkObjectName;
  }

  /** Returns what ids of such answers begin with. */
  String idPrefix() {
    return idPrefix;
  }

  /** Returns the {@code object} of a whole answer. */
  String objectName() {
    return objectName;
  }

  /** Returns the {@code object} of a streamed chunk. */
  String chunkObjectName() {
    return chunkObjectName;
  }
}
