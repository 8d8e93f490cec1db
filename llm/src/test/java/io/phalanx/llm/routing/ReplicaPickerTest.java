package io.phalanx.llm.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import io.phalanx.llm.engine.GenerationRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each policy alone, with seeded draws. */
final class ReplicaPickerTest {
  private static final GenerationRequest ANY = Requests.of("r", 4, 4);

  private final ReplicaLoads<String> loads = new ReplicaLoads<>(100);
  private final ReplicaPicker<String> powerOfTwo = new PowerOfTwoChoices<>(new SplittableRandom(1));

  private void add(String... replicas) {
    for (String replica : replicas) {
      loads.add(replica);
    }
  }

  @Test
  void powerOfTwo_withoutReplicas_isEmpty() {
    assertThat(powerOfTwo.pick(ANY, loads)).isEmpty();
  }

  @Test
  void powerOfTwo_allFull_isEmptyUntilOneReportsRoom() {
    loads.maxOngoing(2);
    add("a");
    loads.report("a", 2);

    assertThat(powerOfTwo.pick(ANY, loads)).isEmpty();
    loads.report("a", 1);
    assertThat(powerOfTwo.pick(ANY, loads)).contains("a");
  }

  @Test
  void powerOfTwo_twoReplicas_takesTheLessBusy() {
    add("busy", "idle");
    loads.report("busy", 50);

    for (int i = 0; i < 40; i++) {
      assertThat(powerOfTwo.pick(ANY, loads)).contains("idle");
      loads.sent("idle", 8);
    }
  }

  @Test
  void powerOfTwo_tokensKnown_comparesTokensNotRequests() {
    add("long", "short");
    loads.report("long", new Backlog(0, 1, 0, 900), EngineStats.NONE, 0);
    loads.report("short", new Backlog(0, 5, 0, 100), EngineStats.NONE, 0);

    assertThat(powerOfTwo.pick(ANY, loads)).contains("short");
    loads.sent("short", 801);
    assertThat(powerOfTwo.pick(ANY, loads)).contains("long");
  }

  @Test
  void loads_reportAfterSends_replacesTheEstimate() {
    loads.maxOngoing(3);
    add("a");
    loads.sent("a", 1);
    loads.sent("a", 1);
    loads.sent("a", 1);
    assertThat(loads.open()).isEmpty();

    loads.ended("a");
    loads.report("a", 2);

    assertThat(loads.open()).containsExactly("a");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void powerOfTwo_manyReplicas_balances(long seed) {
    ReplicaPicker<String> picker = new PowerOfTwoChoices<>(new SplittableRandom(seed));
    loads.maxOngoing(10_000);
    add("0", "1", "2", "3", "4", "5", "6", "7");
    Map<String, Integer> sent = new HashMap<>();
    for (int i = 0; i < 800; i++) {
      String replica = picker.pick(ANY, loads).orElseThrow();
      loads.sent(replica, 8);
      sent.merge(replica, 1, Integer::sum);
    }

    assertThat(sent.values()).as("seed %d", seed).allMatch(count -> count > 90 && count < 110);
  }

  @Test
  void session_sameId_staysUntilItsReplicaIsOverloadedAndComesBack() {
    add("a", "b", "c");
    ReplicaPicker<String> picker = sessions();
    String home = picker.pick(Requests.ofSession("alice"), loads).orElseThrow();

    loads.report(home, 9);
    assertThat(picker.pick(Requests.ofSession("alice"), loads)).contains(home);
    loads.report(home, 10);
    String spill = picker.pick(Requests.ofSession("alice"), loads).orElseThrow();
    assertThat(spill).isNotEqualTo(home);
    assertThat(picker.pick(Requests.ofSession("alice"), loads)).contains(spill);
    loads.report(home, 3);
    assertThat(picker.pick(Requests.ofSession("alice"), loads)).contains(home);
  }

  @Test
  void session_replicaGoes_onlyItsOwnSessionsMove() {
    add("a", "b", "c", "d");
    List<String> homes = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      homes.add(sessions().pick(Requests.ofSession("s" + i), loads).orElseThrow());
    }
    loads.remove("c");

    int moved = 0;
    for (int i = 0; i < 400; i++) {
      String now = sessions().pick(Requests.ofSession("s" + i), loads).orElseThrow();
      moved += now.equals(homes.get(i)) ? 0 : 1;
      assertThat(now.equals(homes.get(i)) || homes.get(i).equals("c")).isTrue();
    }
    assertThat(homes).contains("a", "b", "c", "d");
    assertThat(moved).isBetween(60, 140);
  }

  private ReplicaPicker<String> sessions() {
    return new SessionAffinity<>(powerOfTwo, name -> name, 10);
  }

  @Test
  void prefix_knownBeginning_goesWhereItWas() {
    add("a", "b", "c");
    ReplicaPicker<String> picker = new PrefixAffinity<>(powerOfTwo, 10, 16);
    GenerationRequest first = Requests.of("1", Requests.prompt(1, 64, 1, 16), 4);
    String home = picker.pick(first, loads).orElseThrow();
    picker.sent(first, home);

    for (int i = 2; i < 30; i++) {
      GenerationRequest next = Requests.of("r" + i, Requests.prompt(1, 64, i, 16), 4);
      assertThat(picker.pick(next, loads)).contains(home);
    }
    loads.report(home, 10);
    assertThat(picker.pick(first, loads)).isPresent().get().isNotEqualTo(home);
  }

  @Test
  void prefix_newBeginnings_areSpreadOverReplicas() {
    add("a", "b", "c", "d");
    ReplicaPicker<String> picker = new PrefixAffinity<>(powerOfTwo, 10, 16);
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 40; i++) {
      GenerationRequest request = Requests.of("r" + i, Requests.prompt(i, 64, i, 16), 4);
      String replica = picker.pick(request, loads).orElseThrow();
      picker.sent(request, replica);
      counts.merge(replica, 1, Integer::sum);
    }
    assertThat(counts.values()).containsExactly(10, 10, 10, 10);
  }

  @Test
  void prefix_otherSalt_isNotKnown() {
    PrefixIndex<String> index = new PrefixIndex<>(4, 100);
    GenerationRequest request = Requests.of("r", 16, 1);
    GenerationRequest salted =
        new GenerationRequest(
            "s", request.promptTokenIds(), request.sampling(), "salt", request.terms());
    index.add(index.blocks(request), "a");

    assertThat(index.longest(index.blocks(request), Set.of("a")).blocks()).isEqualTo(4);
    assertThat(index.longest(index.blocks(salted), Set.of("a")).blocks()).isZero();
  }

  @Test
  void index_moreThanItHolds_forgetsTheOldestAndEndsBeforeBeginnings() {
    PrefixIndex<String> index = new PrefixIndex<>(4, 6);
    long[] old = index.blocks(Requests.of("a", Requests.prompt(1, 16, 1, 0), 1));
    long[] recent = index.blocks(Requests.of("b", Requests.prompt(2, 16, 1, 0), 1));
    index.add(old, "a");
    index.add(recent, "b");

    assertThat(index.size()).isEqualTo(6);
    assertThat(index.longest(old, Set.of("a", "b")).blocks()).isEqualTo(2);
    assertThat(index.longest(recent, Set.of("a", "b")).blocks()).isEqualTo(4);
    assertThat(index.blocksOf("a")).isEqualTo(2);
    index.remove("b");
    assertThat(index.size()).isEqualTo(2);
    assertThat(index.blocksOf("b")).isZero();
  }
}
