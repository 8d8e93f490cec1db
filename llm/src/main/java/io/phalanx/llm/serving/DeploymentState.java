package io.phalanx.llm.serving;

/**
 * How a deployment is; names are Ray Serve's.
 *
 * <pre>
 * UPDATING  -> HEALTHY        a replica can answer
 * UPDATING  -> DEPLOY_FAILED  no replica could ever be started; nothing is tried any more
 * HEALTHY   -> UNHEALTHY      no replica can answer any more; they are started again
 * UNHEALTHY -> HEALTHY        a replica can answer again
 * </pre>
 *
 * A new Deploy makes UPDATING out of DEPLOY_FAILED.
 */
public enum DeploymentState {
  UPDATING,
  HEALTHY,
  UNHEALTHY,
  DEPLOY_FAILED
}
