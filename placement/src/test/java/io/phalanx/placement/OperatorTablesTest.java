package io.phalanx.placement;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.Clusters.node;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceSlot;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What operators see of groups and devices. */
final class OperatorTablesTest {
  private static final PlacementGroupSpec WAITING = group("tiny", PlacementStrategy.PACK, 1, 0.5);

  private static GroupView waiting(Explanation why) {
    return new GroupView(
        WAITING,
        GroupState.PENDING,
        SchedulingDetail.NO_RESOURCES,
        List.of(),
        why,
        new GroupStats(2, 0, 0, 100));
  }

  @Test
  void list_showsStateDetailAndBundles() {
    assertThat(OperatorTables.list(List.of(waiting(Explanation.NONE))))
        .containsExactly(
            "GROUP  STATE    DETAIL        STRATEGY  BUNDLES  NODES",
            "tiny   PENDING  NO_RESOURCES  PACK      0/2");
    assertThat(OperatorTables.list(List.of())).containsExactly("There are no placement groups.");
  }

  @Test
  void show_addsIdLifetimeAndTimes() {
    assertThat(OperatorTables.show(waiting(Explanation.of("no room")), List.of()))
        .containsExactly(
            "tiny  PENDING  PACK, 0 of 2 bundles placed",
            "  no room",
            "  id tiny, NO_RESOURCES, ends with whoever asked for it",
            "  attempts 2, last placed in 0 ms, created after 0 ms, longest back-off 100 ms");
  }

  @Test
  void explain_givesReasonsOrSaysThatItDoesNotWait() {
    assertThat(OperatorTables.explain(waiting(Explanation.of("no room"))))
        .containsExactly("tiny is PENDING (NO_RESOURCES)", "  no room");
    assertThat(OperatorTables.explain(waiting(Explanation.NONE)))
        .containsExactly("tiny is PENDING (NO_RESOURCES): it does not wait");
  }

  @Test
  void devices_showUuidAndWhatIsFree() {
    DeviceSlot slot = new DeviceSlot(0, Device.cuda(0), "NVIDIA L4", false, "GPU-00ff");
    NodeInfo info =
        new NodeInfo(
            "n", "127.0.0.1:1", List.of("worker"), Map.of(), Resources.ofGpus(1), List.of(slot));
    NodeView gpu = new NodeView(info, Resources.NONE, List.of(5000L), false);

    assertThat(OperatorTables.devices(List.of(gpu), List.of()))
        .containsExactly(
            "NODE         GPU  DEVICE                       FREE  HELD BY",
            "127.0.0.1:1  0    cuda:0 (NVIDIA L4) GPU-00ff  0.5");
    assertThat(OperatorTables.devices(List.of(NodeView.empty(node(2, 0))), List.of())).isEmpty();
  }
}
