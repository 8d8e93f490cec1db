package io.phalanx.llm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.tokenizer.IncrementalDetokenizer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@link OutputText} over a detokenizer whose token {@code n} is the n-th of a list of pieces. */
final class OutputTextTest {

  @Test
  void append_withoutStopStrings_showsEachPieceAtOnce() {
    OutputText text = outputText(List.of(), "Hel", "lo");

    assertThat(text.append(0)).isEqualTo("Hel");
    assertThat(text.append(1)).isEqualTo("lo");
    assertThat(text.finish()).isEmpty();
    assertThat(text.isStopped()).isFalse();
  }

  @Test
  void append_stopStringOverSeveralTokens_isNeverShown() {
    OutputText text = outputText(List.of("</end>"), "one <", "/e", "nd> two");

    assertThat(text.append(0)).isEqualTo("one ");
    assertThat(text.append(1)).isEmpty();
    assertThat(text.append(2)).isEmpty();
    assertThat(text.isStopped()).isTrue();
    assertThat(text.finish()).isEmpty();
  }

  @Test
  void append_falseStart_isShownOnceItIsDecided() {
    OutputText text = outputText(List.of("aab"), "xa", "a", "c");

    assertThat(text.append(0)).isEqualTo("x");
    assertThat(text.append(1)).isEmpty();
    assertThat(text.append(2)).isEqualTo("aac");
  }

  @Test
  void append_twoStopStringsInOnePiece_cutsAtTheFirst() {
    OutputText text = outputText(List.of("d", "b"), "abcd");

    assertThat(text.append(0)).isEqualTo("a");
    assertThat(text.isStopped()).isTrue();
  }

  @Test
  void finish_withTextHeldBack_showsIt() {
    OutputText text = outputText(List.of("stop"), "go st");

    assertThat(text.append(0)).isEqualTo("go ");
    assertThat(text.finish()).isEqualTo("st");
  }

  private static OutputText outputText(List<String> stopStrings, String... pieces) {
    IncrementalDetokenizer detokenizer =
        new IncrementalDetokenizer() {
          @Override
          public String append(int tokenId) {
            return pieces[tokenId];
          }

          @Override
          public String finish() {
            return "";
          }
        };
    return new OutputText(detokenizer, stopStrings);
  }
}
