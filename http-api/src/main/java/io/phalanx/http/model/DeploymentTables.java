package io.phalanx.http.model;

import io.phalanx.llm.AutoscalingConfig;
import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.serving.DeploymentFailure;
import io.phalanx.llm.serving.DeploymentStatus;
import io.phalanx.llm.serving.RankInfo;
import io.phalanx.llm.serving.ReplicaState;
import io.phalanx.llm.serving.ReplicaStatus;
import io.phalanx.llm.serving.ScalingDecision;
import io.phalanx.llm.serving.ScalingInput;
import io.phalanx.placement.TextTable;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Deployments and the decisions about their replicas as plain text. */
public final class DeploymentTables {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.S");
  private static final double MILLIS_PER_SECOND = 1000;

  private DeploymentTables() {}

  /** Returns one line per deployment under a heading. */
  public static List<String> list(List<DeploymentStatus> deployments) {
    if (deployments.isEmpty()) {
      return List.of("No model is deployed.");
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("MODEL", "STATE", "READY", "BOUNDS", "REQUESTS", "TOKENS", "LATEST DECISION"));
    deployments.stream().map(DeploymentTables::row).forEach(rows::add);
    return TextTable.aligned(rows);
  }

  private static List<String> row(DeploymentStatus status) {
    AutoscalingConfig bounds = status.config().deploymentConfig().autoscaling();
    Backlog backlog = backlog(status);
    return List.of(
        status.config().modelId(),
        status.state().name(),
        ready(status) + "/" + status.targetReplicas(),
        bounds.minReplicas() + " .. " + bounds.maxReplicas(),
        String.valueOf(backlog.requests()),
        String.valueOf(backlog.tokens()),
        status.failure().map(DeploymentFailure::reason).orElseGet(() -> latest(status)));
  }

  private static Backlog backlog(DeploymentStatus status) {
    return status.replicas().stream()
        .map(ReplicaStatus::backlog)
        .reduce(Backlog.EMPTY, Backlog::plus);
  }

  private static long ready(DeploymentStatus status) {
    return status.replicas().stream()
        .filter(replica -> replica.state() == ReplicaState.READY)
        .map(ReplicaStatus::gang)
        .distinct()
        .count();
  }

  private static String latest(DeploymentStatus status) {
    List<ScalingDecision> decisions = status.decisions();
    return decisions.isEmpty() ? "" : decisions.get(decisions.size() - 1).reason().text();
  }

  /** Returns all that is known of one deployment but its configuration. */
  public static List<String> show(DeploymentStatus status) {
    List<String> lines = new ArrayList<>(list(List.of(status)));
    lines.add("Version " + status.version() + ": " + status.message());
    lines.add("");
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of("REPLICA", "VERSION", "STATE", "UNREAD", "WAITING", "RUNNING", "RANKS", "MESSAGE"));
    status.replicas().stream().map(DeploymentTables::row).forEach(rows::add);
    lines.addAll(rows.size() == 1 ? List.of("It has no replica.") : TextTable.aligned(rows));
    return lines;
  }

  private static List<String> row(ReplicaStatus replica) {
    Backlog backlog = replica.backlog();
    return List.of(
        replica.name(),
        String.valueOf(replica.version()),
        replica.state().name(),
        String.valueOf(backlog.unreadRequests()),
        String.valueOf(backlog.waitingRequests()),
        String.valueOf(backlog.runningRequests()),
        replica.ranks().stream().map(DeploymentTables::text).collect(Collectors.joining(", ")),
        replica.message());
  }

  private static String text(RankInfo rank) {
    return "%d at %s on %s".formatted(rank.rank(), rank.address(), rank.device());
  }

  /** Returns one line per decision under a heading, the latest last. */
  public static List<String> decisions(List<ScalingDecision> decisions) {
    if (decisions.isEmpty()) {
      return List.of("Nothing has been decided yet.");
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "TIME", "READY", "QUEUED", "UNREAD", "WAITING", "RUNNING", "TOKENS", "AVERAGE", "LOAD",
            "WANTED", "TARGET", "LEFT", "REASON"));
    decisions.stream().map(DeploymentTables::row).forEach(rows::add);
    return TextTable.aligned(rows);
  }

  private static List<String> row(ScalingDecision decision) {
    ScalingInput input = decision.input();
    Backlog backlog = input.backlog();
    return List.of(
        TIME.format(Instant.ofEpochMilli(input.atEpochMillis()).atZone(ZoneId.systemDefault())),
        input.ready() + (input.starting() > 0 ? " + " + input.starting() : ""),
        String.valueOf(input.queuedRequests()),
        String.valueOf(backlog.unreadRequests()),
        String.valueOf(backlog.waitingRequests()),
        String.valueOf(backlog.runningRequests()),
        String.valueOf(backlog.tokens()),
        String.format(Locale.ROOT, "%.1f", decision.averageRequests()),
        String.format(Locale.ROOT, "%.2f", decision.load()),
        wanted(decision),
        input.target() + (decision.isChange() ? " -> " + decision.applied() : ""),
        left(decision.delayLeft()),
        decision.reason().text());
  }

  private static String wanted(ScalingDecision decision) {
    return decision.desired()
        + (decision.desired() == decision.bounded() ? "" : " (" + decision.bounded() + ")");
  }

  private static String left(Duration delay) {
    return delay.isZero()
        ? ""
        : String.format(Locale.ROOT, "%.1f s", delay.toMillis() / MILLIS_PER_SECOND);
  }
}
