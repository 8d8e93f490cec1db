package io.phalanx.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

/** Bodies of requests and answers. */
final class OpenAiBodies {
  private OpenAiBodies() {}

  static String chat(String fields) {
    return "{\"model\":\"org/counting\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
        + fields
        + "}";
  }

  static String completion(String model, String fields) {
    return "{\"model\":\"" + model + "\",\"prompt\":\"Hi\"" + fields + "}";
  }

  /** Returns the data of each event, {@code [DONE]} included. */
  static List<String> events(String body) {
    List<String> events = new ArrayList<>();
    for (String frame : body.split("\n\n", 0)) {
      assertThat(frame).startsWith("data: ");
      events.add(frame.substring("data: ".length()));
    }
    return events;
  }
}
