package io.phalanx.llm.engine;

import io.phalanx.llm.tokenizer.IncrementalDetokenizer;
import java.util.List;

/**
 * The text of one sequence as it grows: detokenized, and cut at the first stop string.
 *
 * <p>Text that could be the beginning of a stop string is held back until it is one or is not.
 */
final class OutputText {
  private final IncrementalDetokenizer detokenizer;
  private final List<String> stopStrings;
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  OutputText(IncrementalDetokenizer detokenizer, List<String> stopStrings) {
    this.detokenizer = detokenizer;
    this.stopStrings = stopStrings;
  }

  /** Takes a token and returns the text that can be shown now. */
  String append(int tokenId) {
    return take(detokenizer.append(tokenId), false);
  }

  /** Returns the text that was still held back when the sequence ended otherwise. */
  String finish() {
    return take(detokenizer.finish(), true);
  }

  /** Returns whether a stop string came; nothing is shown from it on. */
  boolean isStopped() {
    return stopped;
  }

  private String take(String text, boolean last) {
    if (stopped) {
      return "";
    }
    if (stopStrings.isEmpty()) {
      return text;
    }
    held.append(text);
    int stop = firstStop();
    if (stop >= 0) {
      stopped = true;
      return cut(stop);
    }
    return cut(last ? held.length() : held.length() - heldBack());
  }

  private int firstStop() {
    int first = -1;
    for (String stop : stopStrings) {
      int at = held.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
      }
    }
    return first;
  }

  /** Returns the length of the longest end of the held text that begins a stop string. */
  private int heldBack() {
    int longest = 0;
    for (String stop : stopStrings) {
      for (int length = Math.min(stop.length() - 1, held.length()); length > longest; length--) {
        if (endsWithStartOf(stop, length)) {
          longest = length;
        }
      }
    }
    return longest;
  }

  private boolean endsWithStartOf(String stop, int length) {
    int from = held.length() - length;
    for (int i = 0; i < length; i++) {
      if (held.charAt(from + i) != stop.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private String cut(int length) {
    String shown = held.substring(0, length);
    held.delete(0, length);
    return shown;
  }
}
