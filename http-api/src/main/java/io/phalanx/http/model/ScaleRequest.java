package io.phalanx.http.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.runtime.error.ServingException;
import java.util.Set;

/**
 * How many replicas an operator wants.
 *
 * @param replicas replicas, or gangs under data parallelism
 */
public record ScaleRequest(int replicas) {
  private static final String REPLICAS = "replicas";

  /**
   * Reads a body.
   *
   * @throws ServingException {@code INVALID_REQUEST} whose param is the field that is wrong
   */
  public static ScaleRequest read(ObjectNode body) {
    JsonFields fields = new JsonFields(body, "");
    WantedGroup.requireKnown(fields, Set.of(REPLICAS));
    return new ScaleRequest(
        fields
            .integer(REPLICAS)
            .orElseThrow(
                () ->
                    ServingException.invalidParam(
                        REPLICAS, "replicas is missing; send such as {\"replicas\": 2}.")));
  }
}
