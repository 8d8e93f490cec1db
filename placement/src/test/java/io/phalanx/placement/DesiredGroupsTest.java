package io.phalanx.placement;

import static io.phalanx.placement.Clusters.group;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Which parts of the desired state are written, and when. */
final class DesiredGroupsTest {
  private static final ActorTestKit testKit = ActorTestKit.create();

  private final ActorRef<GroupEvent> subscriber = testKit.system().ignoreRef();
  private final DesiredGroups desired = new DesiredGroups();
  private final DesiredGroup a = wanted("a");
  private final int part = DesiredBucket.of("a");

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  private DesiredGroup wanted(String id) {
    return new DesiredGroup(id, Optional.of(group(id, PlacementStrategy.PACK, 1)), subscriber);
  }

  @Test
  void group_thatIsGoneWithinATick_isNeverWritten() {
    assertThat(desired.changes(List.of(a))).isEmpty();
    assertThat(desired.changes(List.of())).isEmpty();
  }

  @Test
  void group_thatStays_isWrittenUntilConfirmedAndNotAgain() {
    desired.changes(List.of(a));

    assertThat(desired.changes(List.of(a))).isEqualTo(Map.of(part, List.of(a)));
    assertThat(desired.changes(List.of(a))).isEqualTo(Map.of(part, List.of(a)));
    desired.written(part, List.of(a));
    assertThat(desired.changes(List.of(a))).isEmpty();
  }

  @Test
  void removal_isWrittenAtOnce() {
    DesiredGroup removed = new DesiredGroup("a", Optional.empty(), subscriber);
    desired.loaded(List.of(a));

    assertThat(desired.changes(List.of(removed))).isEqualTo(Map.of(part, List.of(removed)));
    desired.written(part, List.of(removed));
    assertThat(desired.changes(List.of())).isEqualTo(Map.of(part, List.of()));
    desired.written(part, List.of());
    assertThat(desired.changes(List.of())).isEmpty();
  }

  @Test
  void parts_thatDidNotChange_areNotWritten() {
    desired.loaded(List.of(a));
    DesiredGroup b = wanted("b");
    desired.changes(List.of(a, b));

    assertThat(desired.changes(List.of(a, b))).containsOnlyKeys(DesiredBucket.of("b"));
  }
}
