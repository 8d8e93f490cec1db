package io.phalanx.llm;

/**
 * What a model shows of itself to clients.
 *
 * @param id the model id that requests name
 * @param createdEpochSeconds when its deployment was created, in seconds since 1970
 * @param maxModelLength most tokens of prompt and answer together
 * @param root where its files came from, such as {@code embedded} or {@code org/name}
 */
public record ModelCard(String id, long createdEpochSeconds, int maxModelLength, String root) {}
