package io.phalanx.http;

import io.phalanx.http.model.ErrorBody;
import io.phalanx.runtime.error.ErrorCode;
import org.apache.pekko.event.LoggingAdapter;
import org.apache.pekko.http.ParsingErrorHandler;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.scaladsl.model.ErrorInfo;
import org.apache.pekko.http.scaladsl.model.StatusCode;
import org.apache.pekko.http.scaladsl.settings.ServerSettings;

/**
 * Answers what Pekko HTTP cannot read as a request with OpenAI's error object; named by {@code
 * phalanx.http.pekko.server.parsing.error-handler}.
 */
public final class OpenAiParsingErrorHandler extends ParsingErrorHandler {

  /** Creates the handler; called by Pekko HTTP. */
  public OpenAiParsingErrorHandler() {}

  @Override
  public HttpResponse handle(
      StatusCode status, ErrorInfo error, LoggingAdapter log, ServerSettings settings) {
    return ErrorResponses.of(
        status.intValue(), ErrorBody.of(ErrorCode.INVALID_REQUEST, message(error)));
  }

  private static String message(ErrorInfo error) {
    String summary = error.summary().replaceFirst("\\.+$", "");
    return summary.isEmpty() ? "The request is not valid HTTP." : summary + ".";
  }
}
