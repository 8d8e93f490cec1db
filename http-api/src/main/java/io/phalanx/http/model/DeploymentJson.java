package io.phalanx.http.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.serving.DeploymentFailure;
import io.phalanx.llm.serving.DeploymentStatus;
import io.phalanx.llm.serving.RankInfo;
import io.phalanx.llm.serving.ReplicaStatus;
import io.phalanx.llm.serving.ScalingDecision;
import io.phalanx.llm.serving.ScalingInput;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/** Deployments and the decisions about their replicas as JSON. */
public final class DeploymentJson {
  private static final double NANOS_PER_SECOND = 1e9;

  private DeploymentJson() {}

  /** Returns {@code {"object": "list", "data": [...]}} of all deployments. */
  public static ObjectNode list(List<DeploymentStatus> deployments) {
    ObjectNode json = JsonNodes.list();
    deployments.forEach(status -> json.withArray("data").add(deployment(status)));
    return json;
  }

  /** Returns one deployment: how it is, its replicas, and its whole configuration. */
  public static ObjectNode deployment(DeploymentStatus status) {
    ObjectNode json = JsonNodes.object();
    json.put("object", "deployment").put("id", status.config().modelId());
    json.put("version", status.version());
    json.put("state", status.state().name()).put("message", status.message());
    status.failure().ifPresent(failure -> json.set("failure", failure(failure)));
    status.updateFailure().ifPresent(failure -> json.set("update_failure", failure(failure)));
    json.put("created", status.createdEpochSeconds());
    json.put("target_replicas", status.targetReplicas());
    ArrayNode replicas = json.putArray("replicas");
    status.replicas().forEach(replica -> replicas.add(replica(replica)));
    json.set("config", LlmConfigJson.write(status.config()));
    return json;
  }

  private static ObjectNode failure(DeploymentFailure failure) {
    return JsonNodes.object()
        .put("code", failure.code().openAiCode())
        .put("message", failure.reason());
  }

  private static ObjectNode replica(ReplicaStatus replica) {
    ObjectNode json = JsonNodes.object();
    json.put("name", replica.name()).put("gang", replica.gang());
    json.put("version", replica.version());
    json.put("state", replica.state().name()).put("message", replica.message());
    json.put("max_model_len", replica.maxModelLength());
    ArrayNode ranks = json.putArray("ranks");
    replica.ranks().forEach(rank -> ranks.add(rank(rank)));
    json.set("backlog", backlog(replica.backlog()));
    return json;
  }

  private static ObjectNode rank(RankInfo rank) {
    ObjectNode json = JsonNodes.object();
    json.put("rank", rank.rank()).put("stage", rank.stage()).put("tensor_rank", rank.tensorRank());
    return json.put("address", rank.address()).put("device", rank.device());
  }

  private static ObjectNode backlog(Backlog backlog) {
    return JsonNodes.object()
        .put("unread", backlog.unreadRequests())
        .put("waiting", backlog.waitingRequests())
        .put("running", backlog.runningRequests())
        .put("prompt_tokens", backlog.promptTokens())
        .put("decode_tokens", backlog.decodeTokens());
  }

  /** Returns {@code {"object": "list", "data": [...]}} of what was decided, the latest last. */
  public static ObjectNode decisions(List<ScalingDecision> decisions) {
    ObjectNode json = JsonNodes.list();
    decisions.forEach(decision -> json.withArray("data").add(decision(decision)));
    return json;
  }

  private static ObjectNode decision(ScalingDecision decision) {
    ScalingInput input = decision.input();
    ObjectNode json = JsonNodes.object();
    json.put("at", Instant.ofEpochMilli(input.atEpochMillis()).toString());
    json.put("ready", input.ready()).put("starting", input.starting());
    json.put("queued", input.queuedRequests());
    json.set("backlog", backlog(input.backlog()));
    json.put("average_requests", decision.averageRequests());
    json.put("average_tokens", decision.averageTokens());
    json.put("load", decision.load());
    json.put("desired", decision.desired()).put("bounded", decision.bounded());
    json.put("target", input.target()).put("applied", decision.applied());
    json.put("delay_left_seconds", decision.delayLeft().toNanos() / NANOS_PER_SECOND);
    json.put("reason", decision.reason().name().toLowerCase(Locale.ROOT));
    return json.put("message", decision.reason().text());
  }
}
