package io.phalanx.llm.serving;

/**
 * Where one rank of a replica computes.
 *
 * @param rank {@code stage * TP + tensorRank}
 * @param stage its pipeline stage
 * @param tensorRank its place in the stage's tensor-parallel group
 * @param address {@code host:port} of its node
 * @param device what it computes on, such as {@code cuda:0 (NVIDIA L4)} or {@code cpu (logical L4)}
 */
public record RankInfo(int rank, int stage, int tensorRank, String address, String device) {}
