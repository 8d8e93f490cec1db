package io.phalanx.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Fetching models from a {@link HubServer}. */
final class HubFetchTest {
  private static final String SOURCE = "acme/tiny";
  private static final String TOKEN = "hf_secret";
  private static final byte[] WEIGHTS = randomBytes(300_000);
  private static final HubSettings.Patience PATIENCE =
      new HubSettings.Patience(4, Duration.ofMillis(1), Duration.ofSeconds(20));

  @TempDir private Path directory;
  private HubServer hub;

  @BeforeEach
  void start() throws IOException {
    hub =
        new HubServer()
            .put("config.json", "{}")
            .put("tokenizer.json", "{\"model\": {}}")
            .put("model.safetensors", WEIGHTS)
            .put("README.md", "not wanted")
            .put("pytorch_model.bin", "not wanted")
            .put("consolidated.safetensors", "not wanted");
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  @Test
  void resolve_emptyCache_laysFilesAsHuggingFaceDoes() throws IOException {
    List<FetchProgress> progress = new ArrayList<>();

    ModelFiles files = ModelSource.resolve(SOURCE, settings(), progress::add);

    Path model = directory.resolve("hub/models--acme--tiny");
    assertThat(files)
        .isEqualTo(
            new ModelFiles(
                SOURCE, model.resolve("snapshots/" + HubServer.COMMIT), HubServer.COMMIT));
    assertThat(model.resolve("refs/main")).hasContent(HubServer.COMMIT);
    Path weights = files.directory().resolve("model.safetensors");
    assertThat(weights).hasBinaryContent(WEIGHTS);
    assertThat(Files.readSymbolicLink(weights))
        .isEqualTo(Path.of("../../blobs", HubServer.sha256(WEIGHTS)));
    assertThat(names(files.directory()))
        .containsExactly("config.json", "model.safetensors", "tokenizer.json");
    assertThat(names(model.resolve("blobs"))).hasSize(3).noneMatch(name -> name.contains("."));
    FetchProgress last = progress.get(progress.size() - 1);
    assertThat(last.file()).isEqualTo("model.safetensors");
    assertThat(last.fetchedBytes()).isEqualTo(last.totalBytes()).isEqualTo(WEIGHTS.length);
  }

  @Test
  void resolve_again_transfersNothing() {
    ModelSource.resolve(SOURCE, settings(), ProgressListener.NONE);
    int large = hub.askedForLargeFiles().size();
    ModelFiles files = ModelSource.resolve(SOURCE, settings(), ProgressListener.NONE);

    assertThat(hub.askedForLargeFiles()).hasSize(large);
    assertThat(files.file("config.json")).isPresent();
  }

  @Test
  void resolve_withToken_tellsItToTheHubOnly() {
    ModelSource.resolve(SOURCE, settings(), ProgressListener.NONE);

    assertThat(hub.asked()).allMatch(asked -> asked.authorization().equals("Bearer " + TOKEN));
    assertThat(hub.askedForLargeFiles())
        .isNotEmpty()
        .allMatch(asked -> asked.authorization().equals("null"));
    assertThat(settings().toString()).doesNotContain(TOKEN);
  }

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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "401 | private or gated",
        "403 | accept its terms on",
        "404 | there is no such model",
        "418 | the server answers 418"
      })
  void resolve_refused_saysWhatToDo(int status, String expected) {
    hub.failNext("/revision/main", status);

    ServingException error = failure(SOURCE, settings());

    assertThat(error)
        .hasMessageContaining(SOURCE)
        .hasMessageContaining(expected)
        .hasMessageContaining("told by the hub");
    assertThat(error.reason()).doesNotContain(TOKEN);
    assertThat(hub.asked()).hasSize(1);
  }

  @Test
  void resolve_gatedWithoutToken_namesTheVariable() {
    hub.failNext("/revision/main", 401);
    HubSettings settings = settings();
    HubSettings anonymous =
        new HubSettings(
            settings.endpoint(), settings.hubCache(), settings.cache(), null, false, PATIENCE);

    assertThat(failure(SOURCE, anonymous)).hasMessageContaining("set HF_TOKEN");
  }

  @Test
  void resolve_renamedRepository_followsRelativeRedirect() {
    hub.redirect("/api/models/acme/old/", "/api/models/acme/tiny/");
    hub.redirect("/acme/old/", "/acme/tiny/");

    ModelFiles files = ModelSource.resolve("acme/old", settings(), ProgressListener.NONE);

    assertThat(files.directory().resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(hub.asked()).allMatch(asked -> asked.authorization().contains(TOKEN));
  }

  @Test
  void resolve_endlessRedirects_givesUp() {
    hub.redirect("/api/", "/api/");

    assertThat(failure(SOURCE, settings())).hasMessageContaining("redirects more than");
  }

  @Test
  void redirect_fromHttpsToHttp_isRefused() {
    assertThatThrownBy(
            () ->
                HubHttp.redirect(
                    URI.create("https://hub.example/a"),
                    302,
                    java.net.http.HttpHeaders.of(
                        java.util.Map.of("Location", List.of("http://hub.example/a")),
                        (name, value) -> true)))
        .isInstanceOf(HubHttp.RefusedException.class)
        .hasMessageContaining("from https to http");
  }

  @Test
  void resolve_shardedModel_fetchesTheIndexedShardsOnly() throws IOException {
    hub.put("model-00001-of-00002.safetensors", WEIGHTS)
        .put("model-00002-of-00002.safetensors", randomBytes(100))
        .put(
            "model.safetensors.index.json",
            "{\"weight_map\": {\"a\": \"model-00001-of-00002.safetensors\","
                + " \"b\": \"model-00002-of-00002.safetensors\"}}");

    ModelFiles files = ModelSource.resolve(SOURCE, settings(), ProgressListener.NONE);

    assertThat(names(files.directory()))
        .contains("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
        .doesNotContain("consolidated.safetensors", "model.safetensors");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../evil.safetensors", "/etc/passwd", ".hidden.safetensors", "a.bin"})
  void resolve_indexLeadsOut_isRefused(String shard) {
    hub.put("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"" + shard + "\"}}");

    ServingException error = failure(SOURCE, settings());

    assertThat(error.code()).isEqualTo(ErrorCode.INVALID_MODEL);
    assertThat(error).hasMessageContaining("is refused");
  }

  @Test
  void resolve_indexNamesMissingShard_saysWhich() {
    hub.put("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"gone.safetensors\"}}");

    assertThat(failure(SOURCE, settings())).hasMessageContaining("gone.safetensors");
  }

  @Test
  void resolve_hubListsPathsThatLeadOut_ignoresThem() throws IOException {
    hub.put("../evil.safetensors", "x").put("sub/model.safetensors", "x");

    assertWeightsArrive();

    assertThat(names(directory.resolve("hub/models--acme--tiny/snapshots/" + HubServer.COMMIT)))
        .containsExactly("config.json", "model.safetensors", "tokenizer.json");
  }

  @Test
  void resolve_offline_usesTheCopyOrSaysHow() {
    assertThat(failure(SOURCE, offline())).hasMessageContaining("HF_HUB_OFFLINE");
    assertThat(hub.asked()).isEmpty();
    ModelSource.resolve(SOURCE, settings(), ProgressListener.NONE);
    int asked = hub.asked().size();

    ModelFiles files = ModelSource.resolve(SOURCE, offline(), ProgressListener.NONE);

    assertThat(files.directory().resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(hub.asked()).hasSize(asked);
  }

  @Test
  void resolve_hubIsDown_usesTheCopy() {
    ModelSource.resolve(SOURCE, settings(), ProgressListener.NONE);
    HubSettings settings = settings();
    hub.close();

    ModelFiles files = ModelSource.resolve(SOURCE, settings, ProgressListener.NONE);

    assertThat(files.directory().resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(failure("acme/other", settings).code()).isEqualTo(ErrorCode.MODEL_UNAVAILABLE);
  }

  @Test
  void resolve_pinnedCommitAgain_asksNothing() {
    String pinned = SOURCE + "@" + HubServer.COMMIT;
    ModelSource.resolve(pinned, settings(), ProgressListener.NONE);
    int asked = hub.asked().size();

    ModelSource.resolve(pinned, settings(), ProgressListener.NONE);

    assertThat(hub.asked()).hasSize(asked);
    assertThat(directory.resolve("hub/models--acme--tiny/refs")).doesNotExist();
  }

  @Test
  void resolve_revisionWithSlash_isAskedForAsOnePart() {
    ModelSource.resolve(SOURCE + "@refs/pr/1", settings(), ProgressListener.NONE);

    assertThat(hub.asked().get(0).path()).isEqualTo("/api/models/acme/tiny/revision/refs%2Fpr%2F1");
    assertThat(directory.resolve("hub/models--acme--tiny/refs/refs/pr/1"))
        .hasContent(HubServer.COMMIT);
  }

  @Test
  void resolve_noWeights_saysWhichFormatIsRead() {
    try (HubServer other = new HubServer().put("config.json", "{}").put("model.bin", "x")) {
      assertThat(failure(SOURCE, settings(other.endpoint(), PATIENCE)))
          .hasMessageContaining("no *.safetensors");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void resolveTokenizer_fetchesNoWeights() throws IOException {
    ModelFiles files = ModelSource.resolveTokenizer(SOURCE, settings(), ProgressListener.NONE);

    assertThat(names(files.directory())).containsExactly("tokenizer.json");
    assertThat(ModelSource.findLocal(SOURCE, settings())).isEmpty();
  }

  @Test
  void resolve_cacheCannotBeWritten_namesIt() throws IOException {
    Files.writeString(directory.resolve("hub"), "a file");

    ServingException error = failure(SOURCE, settings());

    assertThat(error.code()).isEqualTo(ErrorCode.MODEL_UNAVAILABLE);
    assertThat(error)
        .hasMessageContaining(directory.resolve("hub").toString())
        .hasMessageContaining("HF_HUB_CACHE");
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

  private void assertWeightsArrive() {
    ModelFiles files = ModelSource.resolve(SOURCE, settings(), ProgressListener.NONE);
    assertThat(files.directory().resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
  }

  private static ServingException failure(String source, HubSettings settings) {
    return catchThrowableOfType(
        ServingException.class, () -> ModelSource.resolve(source, settings, ProgressListener.NONE));
  }

  private HubSettings settings() {
    return settings(PATIENCE);
  }

  private HubSettings settings(HubSettings.Patience patience) {
    return settings(hub.endpoint(), patience);
  }

  private HubSettings settings(URI endpoint, HubSettings.Patience patience) {
    return new HubSettings(
        endpoint, directory.resolve("hub"), directory.resolve("cache"), TOKEN, false, patience);
  }

  private HubSettings offline() {
    HubSettings settings = settings();
    return new HubSettings(
        settings.endpoint(), settings.hubCache(), settings.cache(), TOKEN, true, PATIENCE);
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static byte[] randomBytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }
}
