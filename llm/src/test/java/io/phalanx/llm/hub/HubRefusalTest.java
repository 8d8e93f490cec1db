package io.phalanx.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a {@link HubServer} refuses or redirects, and what of its files is refused. */
final class HubRefusalTest extends HubFixture {
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
  void resolve_noWeights_saysWhichFormatIsRead() {
    try (HubServer other = new HubServer().put("config.json", "{}").put("model.bin", "x")) {
      assertThat(failure(SOURCE, settings(other.endpoint(), PATIENCE)))
          .hasMessageContaining("no *.safetensors");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
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
}
