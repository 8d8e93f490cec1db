package io.phalanx.http.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.phalanx.http.model.PlanAnswer;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Asks the operator's routes of a running cluster. */
final class AdminClient {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration DELETE_TIMEOUT = Duration.ofMinutes(10);
  private static final int OK = 200;
  private static final int FIRST_SERVER_ERROR = 500;
  private static final int REQUEST_TIMEOUT = 408;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String url;
  private final String accept;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT_TIMEOUT)
          .build();

  /**
   * An answer.
   *
   * @param body JSON or a table, as was asked for
   * @param fits of a plan, whether all of it would be placed
   */
  record Answer(String body, boolean fits) {}

  /**
   * Creates a client.
   *
   * @param url such as {@code http://127.0.0.1:8000}
   * @param json whether answers are JSON, and not tables
   */
  AdminClient(String url, boolean json) {
    this.url = requireHttp(url);
    this.accept = json ? "application/json" : "text/plain";
  }

  private static String requireHttp(String url) {
    try {
      URI uri = new URI(url);
      if ("http".equals(uri.getScheme()) && uri.getHost() != null && uri.getRawQuery() == null) {
        return url.replaceFirst("/+$", "");
      }
    } catch (URISyntaxException e) {
      throw wrongUrl(url);
    }
    throw wrongUrl(url);
  }

  private static ServingException wrongUrl(String url) {
    return new ServingException(
        ErrorCode.INVALID_CONFIGURATION,
        "--url: ["
            + url
            + "] is not the address of an endpoint; give one such as http://127.0.0.1:8000");
  }

  /** Asks for {@code /admin/} and {@code path}. */
  Answer get(String path) {
    return send(request(path).GET().build());
  }

  /** Sends JSON there. */
  Answer post(String path, String json) {
    return send(request(path).POST(body(json)).header("Content-Type", "application/json").build());
  }

  /** Puts JSON there. */
  Answer put(String path, String json) {
    return send(request(path).PUT(body(json)).header("Content-Type", "application/json").build());
  }

  /** Deletes what is there; waits as long as running requests may take. */
  Answer delete(String path) {
    return send(request(path).DELETE().timeout(DELETE_TIMEOUT).build());
  }

  private static HttpRequest.BodyPublisher body(String json) {
    return HttpRequest.BodyPublishers.ofString(json, StandardCharsets.UTF_8);
  }

  /** Returns an id or a name as one segment of a path. */
  static String segment(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url + "/admin/" + path))
        .header("Accept", accept)
        .timeout(ANSWER_TIMEOUT);
  }

  private Answer send(HttpRequest request) {
    try {
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != OK) {
        throw refused(response);
      }
      boolean fits =
          response.headers().firstValue(PlanAnswer.FITS_HEADER).map("true"::equals).orElse(true);
      return new Answer(response.body(), fits);
    } catch (ConnectException e) {
      throw failed("nothing answers there; start a cluster with `phalanx serve`, or give --url", e);
    } catch (IOException e) {
      throw failed("no answer of a Phalanx endpoint: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed("interrupted", e);
    }
  }

  private ServingException failed(String problem, Exception cause) {
    return new ServingException(ErrorCode.INTERNAL, url + ": " + problem, cause);
  }

  private ServingException refused(HttpResponse<String> response) {
    int status = response.statusCode();
    boolean isOwnFault = status < FIRST_SERVER_ERROR && status != REQUEST_TIMEOUT;
    return new ServingException(
        isOwnFault ? ErrorCode.INVALID_REQUEST : ErrorCode.INTERNAL,
        url + ": " + message(response));
  }

  private static String message(HttpResponse<String> response) {
    try {
      JsonNode message = JSON.readTree(response.body()).path("error").path("message");
      if (message.isTextual()) {
        return message.textValue();
      }
    } catch (JsonProcessingException e) {
      return "status " + response.statusCode() + ", which is no answer of a Phalanx endpoint";
    }
    return "status " + response.statusCode();
  }
}
