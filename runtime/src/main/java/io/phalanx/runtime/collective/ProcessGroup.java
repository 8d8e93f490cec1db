package io.phalanx.runtime.collective;

import org.bytedeco.pytorch.Tensor;

/**
 * The collectives between the ranks of one tensor-parallel or pipeline-parallel group.
 *
 * <p>Every rank calls the same operations in the same order from its own rank thread. Each wait
 * ends by the group's deadline, or as soon as {@link #abort} is called on any thread: then the call
 * throws {@code ServingException} with {@code REPLICA_FAILED} and the group is unusable. Results
 * are deterministic: sums are taken in rank order.
 */
public interface ProcessGroup extends AutoCloseable {

  /** Returns this member's rank in the group, {@code 0 .. size() - 1}. */
  int rank();

  /** Returns how many ranks the group has. */
  int size();

  /**
   * Replaces {@code tensor} by the sum over all ranks.
   *
   * @param tensor any shape, contiguous, the same shape and type on every rank; changed in place
   */
  void allReduce(Tensor tensor);

  /**
   * Gathers each rank's tensor.
   *
   * @param tensor {@code [rows, columns]}, contiguous, the same shape and type on every rank
   * @return {@code [rows, size * columns]}: the columns of rank 0 first; the caller closes it
   */
  Tensor allGatherColumns(Tensor tensor);

  /**
   * Sends a contiguous tensor to {@code destination}, which must call {@link #receive}. Two ranks
   * may both send before either receives.
   */
  void send(Tensor tensor, int destination);

  /** Fills the contiguous tensor {@code into} with what {@code source} sends. */
  void receive(Tensor into, int source);

  /**
   * Returns whether this member waits for others at the moment, as it does for most of a wait that
   * is not short; any thread may ask.
   */
  boolean isWaiting();

  /** Ends all waits of this group on this node with an error that gives {@code reason}. */
  void abort(String reason);

  @Override
  void close();
}
