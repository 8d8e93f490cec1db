package io.phalanx.llm.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/** What is asked of a hub about one model. */
final class HubClient {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MAX_SHOWN = 200;

  private final HubSettings settings;
  private final HubModel model;
  private final HubHttp http;

  HubClient(HubSettings settings, HubModel model) {
    this.settings = settings;
    this.model = model;
    this.http = new HubHttp(settings);
  }

  /**
   * A commit of the model.
   *
   * @param fileNames names as the hub spells them, which may be anything
   */
  record Commit(String id, List<String> fileNames) {}

  /** Asks which commit the revision is at and which files it has. */
  Commit commit(int attempts) {
    URI uri = uri("/api/models/" + model.repository() + "/revision/" + encoded(model.revision()));
    return retries(model.toString(), attempts)
        .run(
            () ->
                parse(
                    checked(http.get(uri, Map.of(), BodyHandlers.ofString(), HubHttp.Watch.NONE))));
  }

  private Commit parse(HttpResponse<String> response) throws IOException {
    JsonNode info = JSON.readTree(response.body());
    String id = info.path("sha").asText();
    if (!HubModel.isCommit(id)) {
      throw new IOException(settings.endpoint() + " does not answer as a model hub does");
    }
    List<String> names = new ArrayList<>();
    info.path("siblings").forEach(file -> names.add(file.path("rfilename").asText()));
    return new Commit(id, List.copyOf(names));
  }

  /** Asks for the size and checksum of a file. */
  RemoteFile describe(String commit, String name) {
    return retries(model + "/" + name, settings.patience().attempts())
        .run(() -> describe(name, checked(http.head(fileUri(commit, name))).headers()));
  }

  private static RemoteFile describe(String name, HttpHeaders headers) throws IOException {
    String etag =
        headers
            .firstValue("X-Linked-Etag")
            .or(() -> headers.firstValue("ETag"))
            .orElse("")
            .replaceFirst("^W/", "")
            .replace("\"", "");
    long size =
        headers
            .firstValueAsLong("X-Linked-Size")
            .orElse(headers.firstValueAsLong("Content-Length").orElse(-1));
    if (!HubCache.isSafeName(etag) || size < 0) {
      throw new IOException("the hub tells no etag and size of " + name);
    }
    return new RemoteFile(name, etag, size);
  }

  /**
   * Fetches the bytes of a file that {@code incomplete} lacks, and checks the whole.
   *
   * @param received hears how many bytes the file has so far
   */
  void download(String commit, RemoteFile file, Path incomplete, LongConsumer received) {
    new BlobDownload(
            http, fileUri(commit, file.name()), file, incomplete, received, settings.patience())
        .run(retries(model + "/" + file.name(), settings.patience().attempts()), this::check);
  }

  private Retries retries(String what, int attempts) {
    return new Retries(
        what + " from " + settings.endpoint(), attempts, settings.patience().firstDelay());
  }

  private URI fileUri(String commit, String name) {
    return uri("/" + model.repository() + "/resolve/" + commit + "/" + encoded(name));
  }

  private URI uri(String path) {
    return URI.create(settings.endpoint() + path);
  }

  private static String encoded(String part) {
    return URLEncoder.encode(part, StandardCharsets.UTF_8);
  }

  private <T> HttpResponse<T> checked(HttpResponse<T> response) throws IOException {
    check(response);
    return response;
  }

  /** Passes what is an answer, and turns any other status into the error that says what to do. */
  private void check(HttpResponse<?> response) throws IOException {
    int status = response.statusCode();
    HttpHeaders headers = response.headers();
    if (status < 400) {
      return;
    }
    if (!http.isHub(response.uri())) {
      throw new IOException(response.uri().getHost() + " answers " + status);
    }
    String told = shown(headers.firstValue("X-Error-Message").orElse(""));
    switch (status) {
      case 401 -> throw refused("it does not exist, or it is private or gated; " + advice(), told);
      case 403 -> throw refused("access is not granted; " + advice(), told);
      case 404 -> throw refused(notFound(headers), told);
      default -> {
        String text = "the server answers " + status + (told.isEmpty() ? "" : " (" + told + ")");
        if (status == 408 || status == 429 || status >= 500) {
          throw new Retries.BusyException(text, retryAfter(headers));
        }
        throw new HubHttp.RefusedException(text);
      }
    }
  }

  private String advice() {
    String page = settings.endpoint() + "/" + model.repository();
    return settings.token() == null
        ? "accept its terms on " + page + " if it has some, and set HF_TOKEN to an access token"
        : "accept its terms on " + page + " with the account of HF_TOKEN, or use another token";
  }

  private String notFound(HttpHeaders headers) {
    return switch (headers.firstValue("X-Error-Code").orElse("")) {
      case "RevisionNotFound" -> "it has no revision [" + model.revision() + "]";
      case "EntryNotFound" -> "a file is missing";
      default -> "there is no such model, and no such directory on this machine either";
    };
  }

  private ServingException refused(String reason, String told) {
    return new ServingException(
        ErrorCode.INVALID_MODEL,
        model
            + " cannot be fetched from "
            + settings.endpoint()
            + ": "
            + reason
            + (told.isEmpty() ? "" : " (the hub says: " + told + ")")
            + ".");
  }

  private static String shown(String message) {
    String line = message.replaceAll("\\p{Cntrl}", " ").strip();
    return line.length() > MAX_SHOWN ? line.substring(0, MAX_SHOWN) : line;
  }

  private static Duration retryAfter(HttpHeaders headers) {
    try {
      return Duration.ofSeconds(headers.firstValueAsLong("Retry-After").orElse(0));
    } catch (NumberFormatException e) {
      return Duration.ZERO;
    }
  }
}
