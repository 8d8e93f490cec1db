package io.phalanx.llm.tokenizer.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link Template} computes, refuses and bounds. */
final class TemplateTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-03-04T05:06:07Z"), ZoneOffset.UTC);

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 3 ** 2 }} => 3 -4 2 3.5 64",
        "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' in 'cat' }} {{ 1 not in [2] }} => True False True True",
        "{{ 1 if false else 2 }}{{ 1 if false }} => 2",
        "{{ 'abc'[::-1] }} {{ 'abcd'[1:-1] }} {{ [1,2,3,4][::2] }} => cba bc [1, 3]",
        "{{ '😀é'|length }} {{ '😀é'[1] }} {{ '😀é'[1:] }} => 2 é é",
        "{{ 'x' * 3 }} {{ [0] * 2 }} {{ 'a' ~ 1 ~ none }} => xxx [0, 0] a1None",
        "{{ {'a': 1}.items()|list }} {{ {'items': 2}['items'] }} => [('a', 1)] 2",
        "{{ missing }}{{ missing is defined }}{{ missing|default('d') }} => Falsed",
        "{{ '%Y'|upper }} {{ strftime_now('%d %b %Y, %-d.%-m.%y %H:%M %%') }} => "
            + "%Y 04 Mar 2026, 4.3.26 05:06 %",
        "{{ [3,1,2]|sort|join(',') }} {{ ['b','A']|sort|join }} => 1,2,3 Ab",
        "{{ [{'a':1},{'a':0},{}]|selectattr('a','defined')|map(attribute='a')|list }} => [1, 0]",
        "{% set x = 1 %}{% for i in [1,2] %}{% set x = i %}{% endfor %}{{ x }} => 1",
        "{% for i in range(9) if i is odd %}{% if i > 5 %}{% break %}{% endif %}{{ i }}{% endfor %} => 135",
        "{% for a, b in {'x': 1, 'y': 2}|items %}{{ a ~ b }}{% endfor %} => x1y2",
        "{% macro m(a, b='!') %}{{ a ~ b }}{% endmacro %}{{ m('x') }}{{ m(b='?', a='y') }} => x!y?",
        "{{ 'a, b ,c'.split(',')|map('trim')|list }} {{ ' a  b '.split() }} => "
            + "['a', 'b', 'c'] ['a', 'b']",
        "{{ 'a.b.c'.rsplit('.', 1) }} {{ 'hello world'.title() }} => ['a.b', 'c'] Hello World",
        "{{ {'b': [1, none, true], 'a': 'é\"'}|tojson }} => {\"b\": [1, null, true], \"a\": \"é\\\"\"}",
        "{{ 'not' if not 'a' == 'b' else 'is' }} => not",
      })
  void render_expression_isWhatPythonGives(String source, String expected) {
    assertThat(render(source)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in range(1000000000) %}{% endfor %}",
        "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
        "{% for a in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{{ ['x'] * 1000000000 }}",
        "{{ ('x' * 1000000) * 1000 }}",
        "{% set ns = namespace(s='x') %}{% for i in range(64) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{% set ns = namespace(s=[1]) %}{% for i in range(64) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}",
        "{% for i in range(100000) %}{% set x = ('x' * 100000) | upper %}{% endfor %}",
        "{% for i in range(100000) %}{% set x = ('x ' * 50000).split(' ') %}{% endfor %}",
        "{{ ('x' * 100000) | replace('', 'x' * 1000) }}",
        "{{ 2 ** 100000000 }}{% for i in range(99999999) %}{% endfor %}",
      })
  void render_templateWithoutEnd_isStopped(String source) {
    Template template = Template.parse(source, CLOCK);

    assertThatThrownBy(() -> template.render(Map.of(), Map.of(), Limits.forInput(0)))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("than");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.getClass() }}",
        "{{ messages.class.forName('java.lang.Runtime') }}",
        "{{ range.__globals__ }}",
        "{{ loop.__init__ }}",
        "{{ namespace().__class__.__init__ }}",
        "{{ [].append(1) }}",
        "{{ {}.update({'a': 1}) }}",
        "{{ messages.stream().toList() }}",
      })
  void render_attributeOutOfTheSandbox_isUndefined(String source) {
    Template template = Template.parse(source, CLOCK);
    Map<String, Object> variables = Map.of("messages", List.of(Map.of("a", "b")));

    try {
      assertThat(template.render(Map.of(), variables, Limits.forInput(0)).value()).isEmpty();
    } catch (TemplateException e) {
      assertThat(e).hasMessageContaining("undefined");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "{% include 'x' %} => {% include %} is not supported",
        "{% import 'x' as y %} => {% import %} is not supported",
        "{% extends 'x' %} => {% extends %} is not supported",
        "{{ x|attr('y') }} => the filter [attr] is not supported",
        "{{ x is weird }} => the test [weird] is not supported",
        "{% if x %} => the template ends",
        "{{ x => line 1",
        "{{ 'x }} => a string is not closed",
        "{# x => a comment is not closed",
        "{% raw %} x => a raw block is not closed",
        "{% for x %}{% endfor %} => expected [in]",
        "{{ 99999999999999999999 }} => unexpected",
        "{% break %} => in a loop only",
        "{{ 1 + }} => unexpected",
      })
  void parse_wrongTemplate_saysWhereAndWhat(String source, String expected) {
    assertThatThrownBy(() -> Template.parse(source, CLOCK))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{{ %s1 }}", "{{ %sx }}", "{%% if %s %%}"})
  void parse_nestedTooDeep_isRefused(String pattern) {
    for (String nesting : List.of("(", "[", "-", "not ", "{1:")) {
      assertThatThrownBy(
              () -> Template.parse(String.format(pattern, nesting.repeat(20_000)), CLOCK))
          .isInstanceOf(TemplateException.class);
    }
  }

  @Test
  void render_deeplyNestedVariable_isRefused() {
    List<Object> nested = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      nested = new ArrayList<>(List.of(nested));
    }
    Map<String, Object> variables = Map.of("tools", nested);
    Template template = Template.parse("{{ tools|tojson }}", CLOCK);

    assertThatThrownBy(() -> template.render(Map.of(), variables, Limits.forInput(0)))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("deep");
  }

  @Test
  void render_outOfTime_isStopped() {
    Template template = Template.parse("{% for a in range(100000) %}{{ a }}{% endfor %}", CLOCK);
    Limits limits = new Limits(Long.MAX_VALUE, Long.MAX_VALUE / 100, Duration.ZERO);

    assertThatThrownBy(() -> template.render(Map.of(), Map.of(), limits))
        .hasMessageContaining("longer than 0 ms");
  }

  @Test
  void render_textsOfBothWriters_keepTheirWriters() {
    Template template = Template.parse("<{{ user|trim }}>{{ own }}", CLOCK);

    Text text =
        template.render(Map.of("own", "mine"), Map.of("user", " yours "), Limits.forInput(7));

    assertThat(text.value()).isEqualTo("<yours>mine");
    assertThat(text.isUserWritten(0, 1)).isFalse();
    assertThat(text.isUserWritten(1, 2)).isTrue();
    assertThat(text.isUserWritten(5, 6)).isTrue();
    assertThat(text.isUserWritten(6, 11)).isFalse();
  }

  private static String render(String source) {
    return Template.parse(source, CLOCK).render(Map.of(), Map.of(), Limits.forInput(0)).value();
  }
}
