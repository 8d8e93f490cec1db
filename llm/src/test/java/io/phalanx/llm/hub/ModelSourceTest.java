package io.phalanx.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The forms of a model source that need no network. */
final class ModelSourceTest {
  @TempDir private Path directory;

  @Test
  void resolve_embedded_unpacksOnceIntoPrivateDirectory() throws IOException {
    ModelFiles files = embedded();

    assertThat(files.file("config.json")).isPresent();
    assertThat(files.file("model.safetensors")).isPresent();
    assertThat(files.file("tokenizer.json")).isPresent();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(files.directory())))
        .isEqualTo("rwx------");
    Object key = Files.getLastModifiedTime(files.file("config.json").orElseThrow());
    assertThat(embedded()).isEqualTo(files);
    assertThat(Files.getLastModifiedTime(files.file("config.json").orElseThrow())).isEqualTo(key);
  }

  @Test
  void resolve_embeddedCopyIsBroken_unpacksAgain() throws IOException {
    Path unpacked = embedded().directory();
    Path config = unpacked.resolve("config.json");
    byte[] whole = Files.readAllBytes(config);
    byte[] broken = whole.clone();
    broken[3] ^= 1;
    Files.write(config, broken);

    embedded();

    assertThat(config).hasBinaryContent(whole);
    assertThat(children(directory.resolve("cache/embedded")))
        .containsExactlyInAnyOrder(".lock", unpacked.getFileName().toString());
  }

  @Test
  void resolve_embeddedByManyThreads_givesOneDirectory() {
    assertThat(
            IntStream.range(0, 8)
                .parallel()
                .mapToObj(i -> embedded().directory())
                .distinct()
                .toList())
        .hasSize(1);
  }

  @Test
  void resolve_embeddedCacheCannotBeWritten_namesTheVariable() throws IOException {
    Files.writeString(directory.resolve("cache"), "a file");

    assertThatThrownBy(this::embedded)
        .isInstanceOfSatisfying(
            ServingException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_UNAVAILABLE))
        .hasMessageContaining("PHALANX_CACHE");
  }

  @Test
  void resolve_directory_isTakenAsItIs() throws IOException {
    Files.writeString(directory.resolve("config.json"), "{}");

    assertThat(resolve(directory.toString()))
        .isEqualTo(new ModelFiles(directory.toString(), directory, null));
  }

  @Test
  void resolve_directoryWithoutConfig_saysWhatIsMissing() {
    assertThatThrownBy(() -> resolve(directory.toString()))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining(directory + " has no config.json");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "gpt2",
        "./models/none",
        "/none",
        "a/b/c",
        "../x/y",
        "a/../b",
        "a/b@",
        "a/b@../c",
        "a--b/c",
        ".a/b",
        "a/b\0",
        "a/b@main/../../x",
        "hf://a/b"
      })
  void resolve_noKnownForm_namesTheThreeForms(String source) {
    assertThatThrownBy(() -> resolve(source))
        .isInstanceOfSatisfying(
            ServingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL))
        .hasMessageContaining("embedded")
        .hasMessageContaining("a directory")
        .hasMessageContaining("org/name@revision");
  }

  @Test
  void describe_everyForm_saysWhatWouldHappen() throws IOException {
    HubSettings offline =
        HubSettings.of(
            Map.of("HF_HUB_OFFLINE", "1", "HF_HUB_CACHE", directory.toString()), directory);

    assertThat(ModelSource.describe("embedded", settings())).isEqualTo("the embedded model");
    assertThat(ModelSource.describe(directory.toString(), settings()))
        .isEqualTo("the directory " + directory);
    assertThat(ModelSource.describe("meta-llama/Llama-3.1-8B-Instruct", settings()))
        .isEqualTo("would fetch meta-llama/Llama-3.1-8B-Instruct from https://huggingface.co");
    assertThat(ModelSource.describe("acme/tiny@v1", settings()))
        .isEqualTo("would fetch acme/tiny@v1 from https://huggingface.co");
    assertThat(ModelSource.describe("acme/tiny", offline)).contains("nothing is fetched");
    Path model = directory.resolve("hf/hub/models--acme--tiny");
    Path snapshot = model.resolve("snapshots/" + HubServer.COMMIT);
    Files.createDirectories(snapshot);
    Files.createDirectories(model.resolve("refs"));
    Files.writeString(model.resolve("refs/main"), HubServer.COMMIT);
    Files.writeString(snapshot.resolve("config.json"), "{}");
    assertThat(ModelSource.describe("acme/tiny", settings())).startsWith("would fetch");
    Files.writeString(snapshot.resolve("model.safetensors"), "x");
    assertThat(ModelSource.describe("acme/tiny", settings())).endsWith("a copy is in " + snapshot);
    assertThat(ModelSource.findLocal("acme/tiny", settings()))
        .contains(new ModelFiles("acme/tiny", snapshot, HubServer.COMMIT));
  }

  private ModelFiles embedded() {
    return resolve("embedded");
  }

  private ModelFiles resolve(String source) {
    return ModelSource.resolve(source, settings(), ProgressListener.NONE);
  }

  private HubSettings settings() {
    return HubSettings.of(
        Map.of(
            "PHALANX_CACHE", directory.resolve("cache").toString(),
            "HF_HOME", directory.resolve("hf").toString()),
        directory);
  }

  private static List<String> children(Path parent) throws IOException {
    try (Stream<Path> files = Files.list(parent)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
