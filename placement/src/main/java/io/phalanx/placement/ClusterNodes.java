package io.phalanx.placement;

import io.phalanx.runtime.NodeRole;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
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
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Subscribe;

/** The nodes of the Pekko cluster: members by role, their agents by the receptionist. */
final class ClusterNodes extends AbstractBehavior<ClusterNodes.Event> {

  /** What happens in the cluster. */
  sealed interface Event {}

  private record Listed(Receptionist.Listing listing) implements Event {}

  private record MembersChanged(ClusterEvent.MemberEvent event) implements Event {}

  static Behavior<Event> create(ActorRef<NodeSource.Nodes> listener) {
    return Behaviors.setup(context -> new ClusterNodes(context, listener));
  }

  private final ActorRef<NodeSource.Nodes> listener;
  private final Cluster cluster;
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
    return tellNodes();
  }

  private Behavior<Event> tellNodes() {
    Set<Address> leaving =
        members()
            .filter(member -> member.status() != MemberStatus.up())
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

  private Stream<Member> members() {
    return StreamSupport.stream(cluster.state().getMembers().spliterator(), false);
  }

  private int workers() {
    return (int)
        members()
            .filter(member -> member.hasRole(NodeRole.WORKER.configName()))
            .filter(ClusterNodes::counts)
            .count();
  }

  private static boolean counts(Member member) {
    return member.status() == MemberStatus.up() || member.status() == MemberStatus.leaving();
  }
}
