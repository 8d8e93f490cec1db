package io.phalanx.placement;

import io.phalanx.runtime.serialization.WireMessages;
import java.util.List;

/** The classes of placement on the wire. */
public final class PlacementWireMessages implements WireMessages {

  @Override
  public int firstId() {
    return 2000;
  }

  @Override
  public List<Class<?>> classes() {
    return List.of(
        Resources.class,
        Bundle.class,
        BundleId.class,
        BundlePhase.class,
        BundlePlacement.class,
        BundleSite.class,
        ClusterChange.class,
        Epoch.class,
        Explanation.class,
        Explanation.Obstacle.class,
        GroupState.class,
        GroupView.class,
        NodeInfo.class,
        NodeView.class,
        NodeState.class,
        NodeState.GroupShare.class,
        NodeState.HeldBundle.class,
        NodeState.Child.class,
        PlacementGroupSpec.class,
        PlacementOptions.class,
        PlacementStrategy.class,
        SchedulingDetail.class,
        PlanResult.Planned.class,
        PlanResult.NoResources.class,
        PlanResult.Infeasible.class,
        GroupEvent.GroupRejected.class,
        GroupEvent.GroupPending.class,
        GroupEvent.GroupCreated.class,
        GroupEvent.GroupRescheduling.class,
        GroupEvent.GroupRemoved.class,
        NodeAgent.Promise.class,
        NodeAgent.Prepare.class,
        NodeAgent.Commit.class,
        NodeAgent.Release.class,
        NodeAgent.Launch.class,
        NodeAgent.Stop.class,
        NodeAgent.Describe.class,
        NodeReply.Promised.class,
        NodeReply.Held.class,
        NodeReply.Released.class,
        NodeReply.Refused.class,
        NodeAgent.Launched.class,
        NodeAgent.LaunchRefused.class,
        PlacementGroupManager.Create.class,
        PlacementGroupManager.Remove.class,
        PlacementGroupManager.Describe.class,
        PlacementGroupManager.Plan.class,
        PlacementGroupManager.Groups.class,
        NodeAgent.Drain.class,
        NodeReply.Drained.class,
        PlacementGroupManager.Show.class,
        PlacementGroupManager.Shown.class,
        PlacementGroupManager.Drain.class,
        PlacementGroupManager.DrainReply.class,
        GroupStats.class,
        DesiredBucket.class,
        DesiredGroup.class,
        Remedy.AddNodes.class,
        Remedy.FreeResources.class,
        Remedy.RemoveGroups.class,
        Remedy.StopDraining.class,
        Remedy.UseStrategy.class,
        Remedy.DropLabel.class,
        Remedy.DropTopology.class);
  }
}
