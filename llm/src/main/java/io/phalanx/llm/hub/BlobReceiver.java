package io.phalanx.llm.hub;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Writes the body of a response to the end of a file, into a checksum, and counts it. */
final class BlobReceiver implements BodySubscriber<Void> {
  private final CompletableFuture<Void> end = new CompletableFuture<>();
  private final FileChannel file;
  private final Checksum checksum;
  private final long limit;
  private final Function<IOException, RuntimeException> diskError;
  private final AtomicLong received = new AtomicLong();
  private volatile Flow.@Nullable Subscription subscription;

  /** Creates a receiver of at most {@code limit} bytes. */
  BlobReceiver(
      FileChannel file,
      Checksum checksum,
      long limit,
      Function<IOException, RuntimeException> diskError) {
    this.file = file;
    this.checksum = checksum;
    this.limit = limit;
    this.diskError = diskError;
  }

  /** Returns the bytes that are written. */
  long received() {
    return received.get();
  }

  @Override
  public CompletionStage<Void> getBody() {
    return end;
  }

  @Override
  public void onSubscribe(Flow.Subscription newSubscription) {
    subscription = newSubscription;
    newSubscription.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    Flow.Subscription current = subscription;
    try {
      for (ByteBuffer buffer : buffers) {
        write(buffer);
      }
      if (current != null) {
        current.request(1);
      }
    } catch (IOException | RuntimeException e) {
      cancel(e);
    }
  }

  private void write(ByteBuffer buffer) throws IOException {
    int count = buffer.remaining();
    if (received.get() + count > limit) {
      throw new IOException("the server sends more bytes than it announced");
    }
    checksum.update(buffer.duplicate());
    try {
      while (buffer.hasRemaining()) {
        file.write(buffer);
      }
    } catch (IOException e) {
      throw diskError.apply(e);
    }
    received.addAndGet(count);
  }

  /** Ends the transfer from this side. */
  void cancel(Throwable reason) {
    Flow.Subscription current = subscription;
    if (current != null) {
      current.cancel();
    }
    end.completeExceptionally(reason);
  }

  @Override
  public void onError(Throwable error) {
    end.completeExceptionally(error);
  }

  @Override
  public void onComplete() {
    end.complete(null);
  }
}
