package io.phalanx.placement;

import io.phalanx.placement.DesiredState.Command;
import io.phalanx.placement.DesiredState.Event;
import io.phalanx.placement.DesiredState.Loaded;
import io.phalanx.placement.DesiredState.Write;
import io.phalanx.placement.DesiredState.Written;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.cluster.ddata.Key;
import org.apache.pekko.cluster.ddata.LWWRegister;
import org.apache.pekko.cluster.ddata.LWWRegisterKey;
import org.apache.pekko.cluster.ddata.SelfUniqueAddress;
import org.apache.pekko.cluster.ddata.typed.javadsl.DistributedData;
import org.apache.pekko.cluster.ddata.typed.javadsl.Replicator;
import org.apache.pekko.cluster.ddata.typed.javadsl.ReplicatorMessageAdapter;

/**
 * The desired state in Distributed Data: one register per part, read from and written to most
 * nodes. Of two managers' writes that of the later epoch prevails, whatever their clocks say.
 */
final class DesiredStateReplica extends AbstractBehavior<Command> {
  private static final Duration TIMEOUT = Duration.ofSeconds(3);

  /** Beyond this many writes of one part an epoch's number would reach into the next one's. */
  private static final int WRITES_BITS = 40;

  private static final LWWRegister.Clock<DesiredBucket> LATER_EPOCH =
      (timestamp, bucket) -> Math.max(timestamp + 1, bucket.epoch().number() << WRITES_BITS);

  /** What the replicator answers. */
  sealed interface Internal extends Command {}

  private record Got(int bucket, Replicator.GetResponse<LWWRegister<DesiredBucket>> response)
      implements Internal {}

  private record Updated(
      Write write, Replicator.UpdateResponse<LWWRegister<DesiredBucket>> response)
      implements Internal {}

  static Behavior<Command> create(ActorRef<Event> listener) {
    return Behaviors.setup(
        context ->
            DistributedData.withReplicatorMessageAdapter(
                (ReplicatorMessageAdapter<Command, LWWRegister<DesiredBucket>> replicator) ->
                    new DesiredStateReplica(context, replicator, listener)));
  }

  private final ReplicatorMessageAdapter<Command, LWWRegister<DesiredBucket>> replicator;
  private final ActorRef<Event> listener;
  private final SelfUniqueAddress self;
  private final Map<Integer, List<DesiredGroup>> loaded = new HashMap<>();

  private DesiredStateReplica(
      ActorContext<Command> context,
      ReplicatorMessageAdapter<Command, LWWRegister<DesiredBucket>> replicator,
      ActorRef<Event> listener) {
    super(context);
    this.replicator = replicator;
    this.listener = listener;
    this.self = DistributedData.get(context.getSystem()).selfUniqueAddress();
    for (int bucket = 0; bucket < DesiredBucket.COUNT; bucket++) {
      read(bucket);
    }
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Write.class, this::onWrite)
        .onMessage(Got.class, this::onGot)
        .onMessage(Updated.class, this::onUpdated)
        .build();
  }

  private static Key<LWWRegister<DesiredBucket>> key(int bucket) {
    return LWWRegisterKey.create("phalanx-placement-groups-" + bucket);
  }

  private void read(int bucket) {
    replicator.askGet(
        replyTo -> new Replicator.Get<>(key(bucket), new Replicator.ReadMajority(TIMEOUT), replyTo),
        response -> new Got(bucket, response));
  }

  private Behavior<Command> onGot(Got got) {
    if (got.response() instanceof Replicator.GetSuccess<LWWRegister<DesiredBucket>> success) {
      loaded(got.bucket(), success.get(key(got.bucket())).value().groups());
    } else if (got.response() instanceof Replicator.NotFound) {
      loaded(got.bucket(), List.of());
    } else {
      getContext().getLog().debug("Reading of part [{}] failed: {}", got.bucket(), got.response());
      read(got.bucket());
    }
    return this;
  }

  private void loaded(int bucket, List<DesiredGroup> groups) {
    loaded.put(bucket, groups);
    if (loaded.size() == DesiredBucket.COUNT) {
      listener.tell(new Loaded(loaded.values().stream().flatMap(List::stream).toList()));
    }
  }

  private Behavior<Command> onWrite(Write write) {
    replicator.askUpdate(
        replyTo ->
            new Replicator.Update<>(
                key(write.bucket()),
                LWWRegister.create(self, DesiredBucket.EMPTY, LATER_EPOCH),
                new Replicator.WriteMajority(TIMEOUT),
                replyTo,
                register -> replaced(register, write.content())),
        response -> new Updated(write, response));
    return this;
  }

  /** A manager that has been replaced changes nothing any more. */
  private LWWRegister<DesiredBucket> replaced(
      LWWRegister<DesiredBucket> register, DesiredBucket content) {
    return content.epoch().isOlderThan(register.value().epoch())
        ? register
        : register.withValue(self, content, LATER_EPOCH);
  }

  private Behavior<Command> onUpdated(Updated updated) {
    boolean done = updated.response() instanceof Replicator.UpdateSuccess;
    if (!done) {
      getContext()
          .getLog()
          .debug(
              "Part [{}] is not on most nodes: {}", updated.write().bucket(), updated.response());
    }
    listener.tell(new Written(updated.write().bucket(), updated.write().content(), done));
    return this;
  }
}
