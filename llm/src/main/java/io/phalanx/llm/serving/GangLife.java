package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.engine.Backlog;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupEvent;
import io.phalanx.runtime.error.ErrorCode;
import java.util.List;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of the replicas of one {@link ReplicaGang}: it takes what the gang hears and says
 * which groups are asked for, which replicas are launched, and when all start over. Knows no timer
 * and starts no actor.
 *
 * <p>States of all members together:
 *
 * <pre>
 * pending  -> starting   every group is there: all are launched
 * starting -> ready      every replica has generated a token: all are activated
 * any      -> failed     one fails: all groups are given back, and once they are, all start again
 * any      -> draining   stop; over once every group is given back
 * </pre>
 */
final class GangLife {

  /** What the gang does for its life. */
  interface Effects {

    /** Asks for the member's group, again if that may have been lost. */
    void createGroup(GangSpec gang, GangMember member);

    /** Gives the member's group back, and with it ends what runs there. */
    void removeGroup(GangMember member);

    /** Starts the member's replica in its bundle 0, which changes nothing if it runs. */
    void launch(GangSpec gang, GangMember member);

    /** Tells when the member's replica ends. */
    void watch(GangMember member, ActorRef<Replica.Command> replica);

    /** Lets the gang start again, after a while. */
    void startAgainLater();

    /** A start has succeeded. */
    void started();

    /** The member's group does not fit now. */
    void waits(GangMember member, Explanation explanation);

    /** Something has changed. */
    void changed(GangSpec gang, GangMembers members);

    /** The member has failed, and the others end with it. */
    void failed(GangSpec gang, GangMember member, ErrorCode code, String reason);
  }

  private final Effects effects;
  private GangSpec gang;
  private GangMembers members;
  private boolean stopping;

  GangLife(GangSpec gang, Effects effects) {
    this.gang = gang;
    this.effects = effects;
    this.members = GangMembers.named(gang);
  }

  /** Returns whether it was stopped and nothing is left of it. */
  boolean isOver() {
    return stopping && members.all(GangMember::isRemoved);
  }

  /** Its controller learns the names of the groups before the manager does. */
  void start() {
    changed();
    members.forEach(member -> effects.createGroup(gang, member));
  }

  /** All groups were given back a while ago. */
  void startAgain() {
    if (!stopping) {
      members = GangMembers.named(gang);
      start();
    }
  }

  /** Takes over replicas that run already, all of the gang's. */
  void adopt(List<DeploymentController.Announce> adopted, ActorRef<ReplicaGang.Command> owner) {
    members = GangMembers.adopted(adopted);
    for (DeploymentController.Announce announced : adopted) {
      find(announced.spec().name(), member -> effects.watch(member, announced.replica()));
      announced.replica().tell(new Replica.Adopt(owner));
    }
    activateIfReady();
    start();
  }

  void onGroup(GroupEvent event) {
    find(
        event.groupId(),
        member -> {
          if (event instanceof GroupEvent.GroupRemoved) {
            onRemoved(member);
          } else if (!member.isRemovalAsked()) {
            onOwnGroup(member, event);
          }
        });
  }

  private void onOwnGroup(GangMember member, GroupEvent event) {
    if (event instanceof GroupEvent.GroupPending pending) {
      member.waitBecause(pending);
      effects.waits(member, pending.explanation());
    } else if (event instanceof GroupEvent.GroupCreated created && !member.isLaunched()) {
      member.place(created.placements());
      launchIfComplete();
    } else if (event instanceof GroupEvent.GroupRejected rejected) {
      fail(member, rejected.code(), rejected.reason());
      return;
    } else if (event instanceof GroupEvent.GroupRescheduling lost) {
      String reason = "bundles " + lost.lostBundles() + " were lost: " + lost.reason();
      fail(member, ErrorCode.REPLICA_FAILED, reason);
      return;
    }
    changed();
  }

  private void onRemoved(GangMember member) {
    member.removed();
    if (!stopping && members.all(GangMember::isRemoved)) {
      effects.startAgainLater();
    }
  }

  private void launchIfComplete() {
    if (!members.all(GangMember::isPlaced)) {
      return;
    }
    for (GangMember member : members) {
      if (!member.isLaunched() && member.state() == ReplicaState.STARTING) {
        effects.launch(gang, member);
      }
    }
  }

  void launched(String replica, ActorRef<Replica.Command> actor) {
    find(replica, member -> launched(member, actor));
  }

  private void launched(GangMember member, ActorRef<Replica.Command> actor) {
    if (!member.isLaunched()) {
      member.launched(actor);
      effects.watch(member, actor);
    }
  }

  void launchRefused(String replica, ErrorCode code, String reason) {
    find(
        replica,
        member -> {
          if (!member.isLaunched()) {
            fail(member, code, reason);
          }
        });
  }

  void progress(String replica, String text) {
    find(
        replica,
        member -> {
          member.progress(text);
          changed();
        });
  }

  void ready(ReplicaGang.Ready ready) {
    find(
        ready.replica(),
        member -> {
          if (member.state() == ReplicaState.STARTING) {
            launched(member, ready.actor());
            member.ready(ready);
            activateIfReady();
            changed();
          }
        });
  }

  /** Replicas that loaded meanwhile learn the limits that have changed since they began. */
  private void activateIfReady() {
    if (members.all(member -> member.state() == ReplicaState.READY)) {
      effects.started();
      members.forEach(member -> member.tell(new Replica.Reconfigure(gang.config())));
      members.forEach(member -> member.tell(new Replica.Activate()));
    }
  }

  void reconfigure(LlmConfig config) {
    gang = gang.withConfig(config);
    members.forEach(member -> member.tell(new Replica.Reconfigure(config)));
  }

  void reported(String replica, Backlog backlog) {
    find(
        replica,
        member -> {
          member.report(backlog);
          changed();
        });
  }

  void failed(String replica, ErrorCode code, String reason) {
    find(replica, member -> fail(member, code, reason));
  }

  private void fail(GangMember failed, ErrorCode code, String reason) {
    if (failed.state() == ReplicaState.FAILED) {
      return;
    }
    if (stopping) {
      failed.fail(reason);
      remove(failed);
      return;
    }
    for (GangMember member : members) {
      member.fail(member == failed ? reason : "restarts with " + failed.name());
      remove(member);
    }
    changed();
    effects.failed(gang, failed, code, failed.where() + reason);
  }

  private void remove(GangMember member) {
    if (member.askRemoval()) {
      effects.removeGroup(member);
    }
  }

  /** Finishes the requests and gives everything back. */
  void stop() {
    stopping = true;
    if (!isOver()) {
      members.forEach(this::stop);
      changed();
    }
  }

  private void stop(GangMember member) {
    if (member.isLaunched()) {
      member.drain();
      member.tell(new Replica.Drain());
    } else {
      remove(member);
    }
  }

  void drained(String replica) {
    find(replica, this::remove);
  }

  /** Asks again for what has not been answered, since messages between nodes may be lost. */
  void tick() {
    for (GangMember member : members) {
      if (member.isRemovalOverdue()) {
        remove(member);
      } else if (stopping && !member.isRemovalAsked()) {
        stop(member);
      } else if (member.hasNotBeenHeardOf() && !stopping) {
        effects.createGroup(gang, member);
      }
    }
    launchIfComplete();
    if (!stopping) {
      activateIfReady();
    }
  }

  private void changed() {
    effects.changed(gang, members);
  }

  /** What concerns a replica of an earlier start is passed over. */
  private void find(String replica, Consumer<GangMember> change) {
    @Nullable GangMember member = members.find(replica);
    if (member != null) {
      change.accept(member);
    }
  }
}
