package io.phalanx.llm.models;

/**
 * How far a rank has come with loading its shard.
 *
 * @param loadedLayers parts ready to compute: decoder layers, embedding and output projection
 * @param totalLayers all such parts of this rank, at least 1
 */
public record LoadProgress(int loadedLayers, int totalLayers) {}
