package io.phalanx.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Transfers from a {@link HubServer} that are cut, spoiled, stalled, or wanted by many at once. */
final class HubTransferTest extends HubFixture {
  @Test
  void resolve_connectionCut_goesOnWhereItStopped() {
    hub.spoilNext("model.safetensors", HubServer.Fault.CUT);
    hub.spoilNext("model.safetensors", HubServer.Fault.CUT);

    assertWeightsArrive();

    List<String> ranges = hub.askedForLargeFiles().stream().map(HubServer.Asked::range).toList();
    assertThat(ranges).hasSize(3).startsWith("null");
    assertThat(ranges.get(2)).matches("bytes=[1-9][0-9]*-");
  }

  @Test
  void resolve_earlierProcessLeftBytes_asksForTheRest() throws IOException {
    Path blobs = directory.resolve("hub/models--acme--tiny/blobs");
    Files.createDirectories(blobs);
    Files.write(
        blobs.resolve(HubServer.sha256(WEIGHTS) + ".incomplete"),
        java.util.Arrays.copyOf(WEIGHTS, 1_000));

    assertWeightsArrive();

    assertThat(hub.askedForLargeFiles().get(0).range()).isEqualTo("bytes=1000-");
  }

  @Test
  void resolve_earlierBytesAreWrong_fetchesAgain() throws IOException {
    Path blobs = directory.resolve("hub/models--acme--tiny/blobs");
    Files.createDirectories(blobs);
    Files.write(
        blobs.resolve(HubServer.sha256(WEIGHTS) + ".incomplete"), new byte[WEIGHTS.length + 5]);

    assertWeightsArrive();
  }

  @Test
  void resolve_serverIgnoresRange_startsAgain() {
    hub.spoilNext("model.safetensors", HubServer.Fault.CUT);
    hub.spoilNext("model.safetensors", HubServer.Fault.IGNORE_RANGE);

    assertWeightsArrive();
  }

  @Test
  void resolve_corruptOnce_fetchesAgain() {
    hub.spoilNext("model.safetensors", HubServer.Fault.CORRUPT);

    assertWeightsArrive();
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "config.json"})
  void resolve_corruptTwice_saysSoAndKeepsNothing(String name) throws IOException {
    hub.spoilNext(name, HubServer.Fault.CORRUPT);
    hub.spoilNext(name, HubServer.Fault.CORRUPT);

    ServingException error = failure(SOURCE, settings());

    assertThat(error.code()).isEqualTo(ErrorCode.MODEL_UNAVAILABLE);
    assertThat(error).hasMessageContaining(name).hasMessageContaining("checksum");
    assertThat(
            directory.resolve("hub/models--acme--tiny/snapshots/" + HubServer.COMMIT + "/" + name))
        .doesNotExist();
    assertThat(names(directory.resolve("hub/models--acme--tiny/blobs")))
        .noneMatch(blob -> blob.endsWith(".incomplete"));
  }

  @Test
  void resolve_connectionStalls_triesAgain() {
    hub.spoilNext("model.safetensors", HubServer.Fault.STALL);
    HubSettings impatient =
        settings(new HubSettings.Patience(4, Duration.ofMillis(1), Duration.ofMillis(500)));

    ModelFiles files = ModelSource.resolve(SOURCE, impatient, ProgressListener.NONE);

    assertThat(files.directory().resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
  }

  @Test
  void resolve_serverBusyForAWhile_succeeds() {
    hub.failNext("/revision/main", 503).failNext("/revision/main", 429);
    hub.failNext("/config.json", 500).failNext("/model.safetensors", 502);

    assertWeightsArrive();
  }

  @Test
  void resolve_serverBusyForGood_givesUp() {
    for (int i = 0; i < PATIENCE.attempts(); i++) {
      hub.failNext("/revision/main", 503);
    }

    ServingException error = failure(SOURCE, settings());

    assertThat(error.code()).isEqualTo(ErrorCode.MODEL_UNAVAILABLE);
    assertThat(error).hasMessageContaining(SOURCE).hasMessageContaining("503");
  }

  @Test
  void resolve_manyThreads_transferOnce() {
    List<Path> directories =
        IntStream.range(0, 8)
            .parallel()
            .mapToObj(i -> ModelSource.resolve(SOURCE, settings(), ProgressListener.NONE))
            .map(ModelFiles::directory)
            .distinct()
            .toList();

    assertThat(directories).hasSize(1);
    assertThat(hub.askedForLargeFiles()).hasSize(1);
  }

  @Test
  void resolve_twoProcesses_transferOnce() throws IOException, InterruptedException {
    List<Process> processes = List.of(resolveInChild(), resolveInChild());
    for (Process process : processes) {
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
    }

    assertThat(hub.askedForLargeFiles()).hasSize(1);
    assertWeightsArrive();
  }

  private Process resolveInChild() throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                .replace(File.pathSeparator + File.pathSeparator, File.pathSeparator),
            ResolveMain.class.getName(),
            SOURCE);
    builder.environment().put("HF_ENDPOINT", hub.endpoint().toString());
    builder.environment().put("HF_HUB_CACHE", directory.resolve("hub").toString());
    return builder.redirectErrorStream(true).start();
  }
}
