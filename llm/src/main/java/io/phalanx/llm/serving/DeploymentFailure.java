package io.phalanx.llm.serving;

import io.phalanx.runtime.error.ErrorCode;

/**
 * Why a deployment was given up.
 *
 * @param code what went wrong
 * @param reason one sentence or more that name the rank or replica, its node, and the cause
 */
public record DeploymentFailure(ErrorCode code, String reason) {}
