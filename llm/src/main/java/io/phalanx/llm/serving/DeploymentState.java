package io.phalanx.llm.serving;

/**
 * How a deployment is; names are Ray Serve's.
 *
 * <pre>
 * UPDATING    -> HEALTHY        as many replicas of the wanted version can answer as aimed at
 * UPDATING    -> DEPLOY_FAILED  no replica could ever be started; nothing is tried any more
 * HEALTHY     -> UPDATING       another configuration was deployed, or it is being deleted
 * HEALTHY     -> UPSCALING      fewer replicas can answer than aimed at; the others start
 * HEALTHY     -> DOWNSCALING    some finish their requests and stop
 * UPSCALING   -> HEALTHY        as many can answer as aimed at
 * DOWNSCALING -> HEALTHY        those have stopped
 * any         -> UNHEALTHY      no replica can answer any more; they are started again
 * UNHEALTHY   -> UPSCALING      a replica can answer again
 * </pre>
 *
 * A new Deploy makes UPDATING out of DEPLOY_FAILED. An update that failed leaves the state of the
 * version that serves; the status says why it was undone.
 */
public enum DeploymentState {
  UPDATING,
  HEALTHY,
  UNHEALTHY,
  DEPLOY_FAILED,
  UPSCALING,
  DOWNSCALING
}
