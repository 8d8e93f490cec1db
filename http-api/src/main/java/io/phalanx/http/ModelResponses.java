package io.phalanx.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.llm.ModelCard;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.Models;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.StatusCodes;

/** The answers about the models themselves. */
final class ModelResponses {
  private static final int MOST_SHOWN = 100;

  private ModelResponses() {}

  /** Returns {@code GET /v1/models}. */
  static HttpResponse list(Models models) {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.put("object", "list");
    ArrayNode data = body.putArray("data");
    models.all().forEach(model -> data.add(card(model.card())));
    return json(body);
  }

  /** Returns {@code GET /v1/models/{id}}; 404 if there is none. */
  static HttpResponse one(Models models, String id) {
    return models
        .find(id)
        .map(model -> json(card(model.card())))
        .orElseGet(() -> ErrorResponses.of(notFound(id)));
  }

  /** Returns {@code GET /health}: 200 once every model has generated a token, 503 before. */
  static HttpResponse health(Models models) {
    boolean ready = models.allReady();
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.put("status", ready ? "ready" : "loading");
    ArrayNode states = body.putArray("models");
    for (ModelHandle model : models.all()) {
      states.addObject().put("id", model.modelId()).put("ready", model.ready());
    }
    return json(body).withStatus(ready ? StatusCodes.OK : StatusCodes.SERVICE_UNAVAILABLE);
  }

  /** Returns the error for a model that is not served. */
  static ServingException notFound(String id) {
    String shown = id.length() > MOST_SHOWN ? id.substring(0, MOST_SHOWN) + "..." : id;
    return ServingException.forParam(
        ErrorCode.MODEL_NOT_FOUND,
        "model",
        "The model '" + shown + "' is not served here; /v1/models lists those that are.");
  }

  private static ObjectNode card(ModelCard card) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("id", card.id());
    node.put("object", "model");
    node.put("created", card.createdEpochSeconds());
    node.put("owned_by", "phalanx");
    node.put("root", card.root());
    node.put("max_model_len", card.maxModelLength());
    return node;
  }

  private static HttpResponse json(ObjectNode body) {
    return HttpResponse.create().withEntity(ContentTypes.APPLICATION_JSON, body.toString());
  }
}
