package io.phalanx.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.runtime.error.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Which files are fetched from a {@link HubServer}, where they are laid, and when none is asked
 * for.
 */
final class HubFetchTest extends HubFixture {
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
  void resolveTokenizer_fetchesNoWeights() throws IOException {
    ModelFiles files = ModelSource.resolveTokenizer(SOURCE, settings(), ProgressListener.NONE);

    assertThat(names(files.directory())).containsExactly("tokenizer.json");
    assertThat(ModelSource.findLocal(SOURCE, settings())).isEmpty();
  }

  private HubSettings offline() {
    HubSettings settings = settings();
    return new HubSettings(
        settings.endpoint(), settings.hubCache(), settings.cache(), TOKEN, true, PATIENCE);
  }
}
