package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorRef;

/** Hears how many replicas a router sees. */
final class ReplicaCounts implements RouterListener {
  private static final int WAIT_SECONDS = 10;

  private final BlockingQueue<Integer> counts = new LinkedBlockingQueue<>();

  @Override
  public void onReplicas(int count) {
    counts.add(count);
  }

  @Override
  public void onReport(Replica.BacklogReport report) {}

  @Override
  public void onReplicaLost(ActorRef<Replica.Command> replica) {}

  void await(int wanted) {
    try {
      Integer count = counts.poll(WAIT_SECONDS, TimeUnit.SECONDS);
      while (count != null && count != wanted) {
        count = counts.poll(WAIT_SECONDS, TimeUnit.SECONDS);
      }
      assertThat(count).isEqualTo(wanted);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
