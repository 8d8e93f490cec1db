package io.phalanx.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.RequestEntity;
import org.apache.pekko.stream.SystemMaterializer;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The memory that all request bodies take together. */
final class RequestBodiesTest {
  private static final ActorTestKit testKit = ActorTestKit.create();

  private final LinkedBlockingQueue<Runnable> preparations = new LinkedBlockingQueue<>();
  private final RequestBodies bodies =
      new RequestBodies(
          HttpSettings.of(
              ConfigFactory.parseString("phalanx.http { max-body = 100 B, max-bodies = 150 B }")
                  .withFallback(ConfigFactory.load())),
          preparations::add,
          SystemMaterializer.get(testKit.system()).materializer());

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  private CompletionStage<Integer> read(RequestEntity entity) {
    return bodies.read(HttpRequest.POST("/").withEntity(entity), body -> body.length);
  }

  private static RequestEntity whole(int bytes) {
    return HttpEntities.create(ContentTypes.APPLICATION_JSON, new byte[bytes]);
  }

  private static RequestEntity inParts(int parts, int bytesOfEach) {
    Queue<ByteString> all = new ArrayDeque<>();
    for (int i = 0; i < parts; i++) {
      all.add(ByteString.fromArray(new byte[bytesOfEach]));
    }
    return HttpEntities.createChunked(ContentTypes.APPLICATION_JSON, Source.from(all));
  }

  private void prepareNext() throws InterruptedException {
    Runnable next = preparations.poll(10, TimeUnit.SECONDS);
    assertThat(next).isNotNull();
    next.run();
  }

  @Test
  void read_moreThanAllMayTake_isOverloadedUntilABodyIsDone() throws Exception {
    CompletionStage<Integer> first = read(whole(100));

    assertThatThrownBy(() -> read(whole(60)))
        .isInstanceOfSatisfying(
            ServingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OVERLOADED));
    prepareNext();
    assertThat(first.toCompletableFuture().join()).isEqualTo(100);

    CompletionStage<Integer> later = read(whole(60));
    prepareNext();
    assertThat(later.toCompletableFuture().join()).isEqualTo(60);
  }

  @Test
  void read_bodyInParts_givesBackWhatItTookWhenItIsRefused() throws Exception {
    CompletionStage<Integer> first = read(whole(90));

    assertThatThrownBy(() -> read(inParts(9, 10)).toCompletableFuture().join())
        .cause()
        .isInstanceOfSatisfying(
            ServingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OVERLOADED));

    CompletionStage<Integer> third = read(inParts(6, 10));
    prepareNext();
    prepareNext();
    assertThat(first.toCompletableFuture().join()).isEqualTo(90);
    assertThat(third.toCompletableFuture().join()).isEqualTo(60);
  }
}
