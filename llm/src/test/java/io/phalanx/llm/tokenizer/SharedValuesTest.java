package io.phalanx.llm.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who loads, who waits and who frees, with values that count. */
@Timeout(60) // seconds; a lock that is held while loading would be waited for
final class SharedValuesTest {
  private final SharedValues<Key, Value> values = new SharedValues<>();
  private final AtomicInteger loads = new AtomicInteger();

  /** Keys whose hash codes are all the same, as those of one bin of a map are. */
  private record Key(String name) {
    @Override
    public int hashCode() {
      return 1;
    }
  }

  private static final class Value implements SharedValues.Freed {
    private final AtomicInteger frees = new AtomicInteger();

    @Override
    public void free() {
      frees.incrementAndGet();
    }
  }

  private Value load() {
    loads.incrementAndGet();
    return new Value();
  }

  @Test
  void acquire_ofTheSameKey_sharesUntilTheLastCloses() {
    SharedValues<Key, Value>.Use first = values.acquire(new Key("a"), this::load);
    SharedValues<Key, Value>.Use second = values.acquire(new Key("a"), this::load);
    Value value = first.value();
    assertThat(second.value()).isSameAs(value);

    first.close();
    first.close();
    assertThat(value.frees).hasValue(0);
    assertThatThrownBy(first::value).isInstanceOf(IllegalStateException.class);
    assertThat(second.value()).isSameAs(value);

    second.close();
    assertThat(value.frees).hasValue(1);
    assertThat(values.acquire(new Key("a"), this::load).value()).isNotSameAs(value);
    assertThat(loads).hasValue(2);
  }

  @Test
  void acquireAndClose_whileAnotherKeyLoads_doNotWait() throws Exception {
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    SharedValues<Key, Value>.Use open = values.acquire(new Key("open"), this::load);
    CompletableFuture<Value> slow =
        CompletableFuture.supplyAsync(
            () -> values.acquire(new Key("slow"), () -> loadAfter(loading, go)).value());
    loading.await();

    open.close();
    values.acquire(new Key("quick"), this::load).close();
    assertThat(slow).isNotDone();

    go.countDown();
    assertThat(slow.get(10, TimeUnit.SECONDS).frees).hasValue(0);
  }

  private Value loadAfter(CountDownLatch loading, CountDownLatch go) {
    loading.countDown();
    try {
      go.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    return load();
  }

  @Test
  void acquire_whenLoadingFails_failsAndTheNextLoads() {
    assertThatThrownBy(
            () ->
                values.acquire(
                    new Key("a"),
                    () -> {
                      throw new IllegalArgumentException("no file");
                    }))
        .hasMessage("no file");

    assertThat(values.acquire(new Key("a"), this::load).value().frees).hasValue(0);
  }

  @Test
  void acquireAndClose_byManyThreads_freeEachValueOnce() {
    Set<Value> seen =
        Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));

    IntStream.range(0, 10_000)
        .parallel()
        .forEach(
            i -> {
              try (SharedValues<Key, Value>.Use use =
                  values.acquire(new Key("k" + i % 3), this::load)) {
                seen.add(use.value());
                assertThat(use.value().frees).hasValue(0);
              }
            });

    assertThat(seen).hasSize(loads.get()).allMatch(value -> value.frees.get() == 1);
  }
}
