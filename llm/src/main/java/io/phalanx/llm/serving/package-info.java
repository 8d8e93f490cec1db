/** Deployments, replicas, workers and routing: the actors around the engine. */
@NullMarked
package io.phalanx.llm.serving;

import org.jspecify.annotations.NullMarked;
