package io.phalanx.placement;

import io.phalanx.placement.GroupEvent.GroupCreated;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * A placement group that a program has asked for. The program's node owns it: unless the group is
 * detached, it is removed when that node ends. May be used by several threads.
 */
public final class PlacementGroup {
  private final PlacementGroupSpec spec;
  private final ActorRef<GroupOwner.Command> owner;
  private final CompletableFuture<GroupCreated> ready;
  private final CompletableFuture<Done> removed;

  PlacementGroup(
      PlacementGroupSpec spec,
      ActorRef<GroupOwner.Command> owner,
      CompletableFuture<GroupCreated> ready,
      CompletableFuture<Done> removed) {
    this.spec = spec;
    this.owner = owner;
    this.ready = ready;
    this.removed = removed;
  }

  /** Returns what was asked for. */
  public PlacementGroupSpec spec() {
    return spec;
  }

  /**
   * Returns a stage that completes with the places of all bundles once every one is reserved. It
   * fails with a {@link ServingException} if the group is refused, or removed before.
   */
  public CompletionStage<GroupCreated> ready() {
    return ready.minimalCompletionStage();
  }

  /**
   * Waits until every bundle is reserved.
   *
   * @return whether it is; false if {@code timeout} passed before
   * @throws ServingException if the group is refused, or removed before
   */
  public boolean await(Duration timeout) {
    try {
      ready.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof ServingException known
          ? known
          : new ServingException(ErrorCode.INTERNAL, "waiting for a group failed", e);
    }
  }

  /** Frees all that the group holds; the stage completes once all is free. */
  public CompletionStage<Done> remove() {
    owner.tell(GroupOwner.Remove.INSTANCE);
    return removed.minimalCompletionStage();
  }
}
