package io.phalanx.placement;

import java.util.Comparator;

/**
 * Says which placement group manager speaks: a later manager has a greater epoch, and a node that
 * has promised itself to one refuses all lesser ones.
 *
 * @param number counts managers; at least 0
 * @param managerId the manager's own id, which tells two managers with one number apart
 */
public record Epoch(long number, String managerId) implements Comparable<Epoch> {

  /** Less than the epoch of any manager. */
  public static final Epoch NONE = new Epoch(0, "");

  private static final Comparator<Epoch> ORDER =
      Comparator.comparingLong(Epoch::number).thenComparing(Epoch::managerId);

  @Override
  public int compareTo(Epoch other) {
    return ORDER.compare(this, other);
  }

  /** Returns whether this epoch is refused by a node that has promised {@code promised}. */
  public boolean isOlderThan(Epoch promised) {
    return compareTo(promised) < 0;
  }

  @Override
  public String toString() {
    return number + "/" + managerId;
  }
}
