package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.StepOutput;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.collective.GroupMember;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.serialization.WireMessage;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;

/**
 * One running copy of a model: an engine, its ranks and its streams of tokens.
 *
 * <pre>
 * starting -> serving   every rank has loaded, and a real token was generated
 * serving  -> draining  Drain
 * any      -> stopped   a rank, a node or the start fails; or drained
 * </pre>
 *
 * <p>It tells the {@link ReplicaGang} that owns it what becomes of it, but does not need it: it
 * keeps serving while no one is there, and asks to be adopted ({@link ReplicaOwner}).
 */
public final class Replica {

  private Replica() {}

  /** What a replica can be told. */
  public sealed interface Command {}

  /** Generates a sequence; its events go to {@code ingress}. */
  public record Generate(GenerationRequest request, ActorRef<ToIngress> ingress)
      implements Command, WireMessage {}

  /** Ends a sequence whose tokens nobody wants any more. */
  public record Abort(String requestId) implements Command, WireMessage {}

  /** Asks for the events of a sequence from a position on, since one of them is missing. */
  public record Resend(String requestId, int fromPosition, ActorRef<ToIngress> ingress)
      implements Command, WireMessage {}

  /** Asks for the backlog, now and whenever it changes. */
  public record Subscribe(ActorRef<ToIngress> ingress) implements Command, WireMessage {}

  /** Lets ingresses find the replica; sent once every replica of the gang is ready. */
  public record Activate() implements Command, WireMessage {}

  /** Takes no new sequence, finishes those it has, and stops. */
  public record Drain() implements Command, WireMessage {}

  /** Another gang answers for the replica, since the one that did has ended. */
  public record Adopt(ActorRef<ReplicaGang.Command> owner) implements OwnerChange, WireMessage {}

  /** Holds requests to the limits and delays of this configuration from now on. */
  public record Reconfigure(LlmConfig config) implements Command, WireMessage {}

  /** A rank's worker runs and has the model's files. */
  public record WorkerPrepared(
      int rank, ActorRef<Worker.Command> worker, GroupMember member, String device)
      implements Command, WireMessage {}

  /** How far a rank has come, in words. */
  public record WorkerProgress(int rank, String text) implements Command, WireMessage {}

  /** A rank is ready to compute; it holds this many KV blocks. */
  public record WorkerLoaded(int rank, int numBlocks) implements Command, WireMessage {}

  /**
   * How far a rank is with its steps.
   *
   * @param endedSteps how many have ended on it
   * @param waiting whether it waits for other ranks or for what to do
   */
  public record WorkerSteps(int rank, long endedSteps, boolean waiting)
      implements Command, WireMessage {}

  /** A rank has failed and will not answer again. */
  public record WorkerFailed(int rank, ErrorCode code, String reason)
      implements Command, WireMessage {}

  /** The layers of a step are computed on the last of several pipeline stages. */
  public record LayersDone(long step) implements Command, WireMessage {}

  /** The tokens of the oldest step in flight. */
  public record StepDone(StepOutput output) implements Command, WireMessage {}

  /** Something that only the replica itself sends to itself. */
  non-sealed interface Internal extends Command {}

  /** Something that concerns who answers for the replica. */
  non-sealed interface OwnerChange extends Command {}

  /** What a replica tells an ingress. */
  public sealed interface ToIngress extends ReplicaRouter.Command, WireMessage {}

  /**
   * Tokens of the sequences of one ingress: one message for each step.
   *
   * @param events in order within each sequence
   * @param backlogRequests sequences of the replica that wait or run
   */
  public record Tokens(ActorRef<Command> replica, List<TokenEvent> events, int backlogRequests)
      implements ToIngress {

    /** Copies the list. */
    public Tokens {
      events = List.copyOf(events);
    }
  }

  /** A sequence has ended without its last token, or was not taken. */
  public record RequestFailed(
      ActorRef<Command> replica,
      String requestId,
      ErrorCode code,
      String reason,
      Optional<String> param)
      implements ToIngress {}

  /** A sequence has no event that its ingress lacks, and goes on. */
  public record StillRunning(ActorRef<Command> replica, String requestId) implements ToIngress {}

  /** The work that the replica has. */
  public record BacklogReport(
      ActorRef<Command> replica, String name, Backlog backlog, EngineStats stats)
      implements ToIngress {}

  /**
   * Returns the key under which ingresses find the ready replicas of a version of a deployment;
   * those of another version, or of an earlier deployment of the same model, are not found.
   */
  public static ServiceKey<Command> serviceKey(String modelId, String versionId) {
    return ServiceKey.create(Command.class, "phalanx-replica-" + modelId + "-" + versionId);
  }

  /** Creates a replica, which starts its ranks at once. */
  public static Behavior<Command> create(ReplicaSpec spec, ServingEnvironment environment) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(timers -> new ReplicaStartup(context, timers, spec, environment)));
  }
}
