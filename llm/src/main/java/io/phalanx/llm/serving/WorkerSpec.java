package io.phalanx.llm.serving;

import io.phalanx.placement.LaunchSpec;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * What starts one rank in its bundle.
 *
 * @param replica the replica's name
 * @param rank the rank's number in the replica
 * @param seat which of the bundle's ranks it is, from 0; picks its device
 * @param modelSource where the model's files are, as configured
 * @param owner whom the worker reports to and lives with
 */
public record WorkerSpec(
    String replica, int rank, int seat, String modelSource, ActorRef<Replica.Command> owner)
    implements LaunchSpec {}
