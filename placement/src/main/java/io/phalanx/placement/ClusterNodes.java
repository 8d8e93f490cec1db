package io.phalanx.placement;

import io.phalanx.runtime.NodeRole;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.UniqueAddress;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Subscribe;

/**
 * The nodes of the Pekko cluster: members by role, their agents by the receptionist.
 *
 * <p>Members are kept as the events tell them: the cluster's own state may lag behind an event, and
 * nothing is told again when it has caught up.
 */
final class ClusterNodes extends AbstractBehavior<ClusterNodes.Event> {
  private static final Set<MemberStatus> LEAVING =
      Set.of(MemberStatus.leaving(), MemberStatus.exiting(), MemberStatus.down());

  /** What happens in the cluster. */
  sealed interface Event {}

  private record Listed(Receptionist.Listing listing) implements Event {}

  private record MembersChanged(ClusterEvent.MemberEvent event) implements Event {}

  static Behavior<Event> create(ActorRef<NodeSource.Nodes> listener) {
    return Behaviors.setup(context -> new ClusterNodes(context, listener));
  }

  private final ActorRef<NodeSource.Nodes> listener;
  private final Cluster cluster;
  private final Map<UniqueAddress, Member> members = new HashMap<>();
  private Set<ActorRef<NodeAgent.Command>> agents = Set.of();
  private Set<ActorRef<NodeAgent.Command>> reachable = Set.of();

  private ClusterNodes(ActorContext<Event> context, ActorRef<NodeSource.Nodes> listener) {
    super(context);
    this.listener = listener;
    this.cluster = Cluster.get(context.getSystem());
    context
        .getSystem()
        .receptionist()
        .tell(
            Receptionist.subscribe(
                NodeAgent.SERVICE_KEY,
                context.messageAdapter(Receptionist.Listing.class, Listed::new)));
    cluster
        .subscriptions()
        .tell(
            Subscribe.create(
                context.messageAdapter(ClusterEvent.MemberEvent.class, MembersChanged::new),
                ClusterEvent.MemberEvent.class));
  }

  @Override
  public Receive<Event> createReceive() {
    return newReceiveBuilder()
        .onMessage(Listed.class, this::onListed)
        .onMessage(MembersChanged.class, this::onMembersChanged)
        .build();
  }

  private Behavior<Event> onListed(Listed event) {
    agents = event.listing().getAllServiceInstances(NodeAgent.SERVICE_KEY);
    reachable = event.listing().getServiceInstances(NodeAgent.SERVICE_KEY);
    return tellNodes();
  }

  private Behavior<Event> onMembersChanged(MembersChanged event) {
    getContext().getLog().debug("Member event [{}]", event.event());
    Member member = event.event().member();
    if (event.event() instanceof ClusterEvent.MemberRemoved) {
      members.remove(member.uniqueAddress());
    } else {
      members.put(member.uniqueAddress(), member);
    }
    return tellNodes();
  }

  private Behavior<Event> tellNodes() {
    Set<Address> leaving =
        members.values().stream()
            .filter(member -> LEAVING.contains(member.status()))
            .map(Member::address)
            .collect(Collectors.toSet());
    Set<ActorRef<NodeAgent.Command>> leavingAgents =
        agents.stream()
            .filter(agent -> leaving.contains(addressOf(agent)))
            .collect(Collectors.toSet());
    listener.tell(new NodeSource.Nodes(agents, reachable, leavingAgents, workers()));
    return this;
  }

  private Address addressOf(ActorRef<?> agent) {
    Address address = agent.path().address();
    return address.hasLocalScope() ? cluster.selfMember().address() : address;
  }

  private int workers() {
    return (int)
        members.values().stream()
            .filter(member -> member.hasRole(NodeRole.WORKER.configName()))
            .filter(ClusterNodes::counts)
            .count();
  }

  private static boolean counts(Member member) {
    return member.status() == MemberStatus.up() || member.status() == MemberStatus.leaving();
  }
}
