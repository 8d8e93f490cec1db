package io.phalanx.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The pages name only what there is. */
final class DocumentationTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final List<String> SOURCES = List.of("java", "conf", "c", "h", "py", "xml", "sh");

  /** What stands in backticks, on one line. */
  private static final Pattern CODE = Pattern.compile("`([^`\n]+)`");

  /** A name of at least two words, such as a class. */
  private static final Pattern NAME = Pattern.compile("\\b(?:[A-Z][a-z0-9]+){2,}\\b");

  /** Where a link goes, without its anchor; addresses of other sites have a colon. */
  private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(?:#[^)]*)?\\)");

  @Test
  void links_leadToFilesThatExist() {
    for (Path page : pages()) {
      assertThat(matches(LINK, text(page)))
          .as(page.toString())
          .allSatisfy(link -> assertThat(page.resolveSibling(link.group(1))).exists());
    }
  }

  @Test
  void names_standInTheSources() {
    Set<String> known =
        files(SOURCES)
            .flatMap(file -> matches(NAME, text(file)).stream())
            .map(MatchResult::group)
            .collect(Collectors.toSet());
    for (Path page : pages()) {
      assertThat(matches(CODE, text(page)))
          .as(page.toString())
          .flatExtracting(code -> matches(NAME, code.group(1)))
          .extracting(MatchResult::group)
          .isSubsetOf(known);
    }
  }

  private static List<Path> pages() {
    List<Path> pages = files(List.of("md")).toList();
    assertThat(pages).hasSizeGreaterThan(10);
    return pages;
  }

  /** Returns the repository's files of these kinds; what was built or is hidden is passed over. */
  private static Stream<Path> files(List<String> kinds) {
    try (Stream<Path> all = Files.walk(ROOT)) {
      return all
          .filter(file -> kinds.contains(kind(file)) && Files.isRegularFile(file))
          .filter(file -> !ROOT.relativize(file).toString().matches("(.*/)?(target|\\..*)/.*"))
          .toList()
          .stream();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String kind(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private static List<MatchResult> matches(Pattern pattern, String text) {
    return pattern.matcher(text).results().toList();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
