package io.phalanx.llm.hub;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** The fetching of one file: goes on where an earlier attempt, or an earlier process, stopped. */
final class BlobDownload {

  /** Turns the status of a response into an error, if it is one. */
  @FunctionalInterface
  interface StatusCheck {
    void check(HttpResponse<?> response) throws IOException;
  }

  private final HubHttp http;
  private final URI uri;
  private final RemoteFile file;
  private final Path incomplete;
  private final LongConsumer received;
  private final HubSettings.Patience patience;
  private boolean restartedAfterMismatch;

  BlobDownload(
      HubHttp http,
      URI uri,
      RemoteFile file,
      Path incomplete,
      LongConsumer received,
      HubSettings.Patience patience) {
    this.http = http;
    this.uri = uri;
    this.file = file;
    this.incomplete = incomplete;
    this.received = received;
    this.patience = patience;
  }

  void run(Retries retries, StatusCheck status) {
    while (true) {
      long before = size();
      try {
        if (attempt(status)) {
          return;
        }
      } catch (IOException e) {
        if (size() > before) {
          retries.progressed();
        }
        retries.failed(e);
      }
    }
  }

  private long size() {
    try {
      return Files.exists(incomplete) ? Files.size(incomplete) : 0;
    } catch (IOException e) {
      throw disk(e);
    }
  }

  /** Fetches what is missing; returns whether the file is then whole. */
  private boolean attempt(StatusCheck status) throws IOException {
    Transfer transfer = open();
    try (FileChannel channel = transfer.channel) {
      if (transfer.offset < file.size() || file.size() == 0) {
        Map<String, String> range =
            transfer.offset == 0 ? Map.of() : Map.of("Range", "bytes=" + transfer.offset + "-");
        HttpResponse<Void> response = http.get(uri, range, transfer::receiver, transfer::tick);
        if (response.statusCode() == 416) {
          channel.truncate(0);
          throw new IOException("the server refuses to go on at byte " + transfer.offset);
        }
        status.check(response);
      }
      channel.force(true);
      received.accept(channel.size());
      if (channel.size() < file.size()) {
        throw new IOException(
            "the connection ended after " + channel.size() + " of " + file.size() + " bytes");
      }
    }
    return verify(transfer.checksum);
  }

  private Transfer open() {
    try {
      Files.createDirectories(incomplete.getParent());
      if (size() > file.size()) {
        Files.delete(incomplete);
      }
      Checksum checksum = new Checksum(file.etag(), file.size());
      FileChannel channel =
          FileChannel.open(incomplete, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      checksum.update(incomplete);
      channel.position(channel.size());
      return new Transfer(channel, checksum, channel.size());
    } catch (IOException e) {
      throw disk(e);
    }
  }

  private boolean verify(Checksum checksum) {
    if (checksum.matches()) {
      return true;
    }
    try {
      Files.delete(incomplete);
    } catch (IOException e) {
      throw disk(e);
    }
    if (restartedAfterMismatch) {
      throw new ServingException(
          ErrorCode.MODEL_UNAVAILABLE,
          uri + " has not the checksum that the hub tells, twice; the file was deleted.");
    }
    restartedAfterMismatch = true;
    return false;
  }

  private ServingException disk(IOException e) {
    return new ServingException(
        ErrorCode.MODEL_UNAVAILABLE,
        "Cannot write " + incomplete + " (" + e + "); make space, or set HF_HUB_CACHE elsewhere.",
        e);
  }

  /** One response that is written to the file. */
  private final class Transfer {
    private final FileChannel channel;
    private final long offset;
    private Checksum checksum;
    private volatile @Nullable BlobReceiver receiver;
    private long seen;
    private long lastProgressNanos = System.nanoTime();

    Transfer(FileChannel channel, Checksum checksum, long offset) {
      this.channel = channel;
      this.checksum = checksum;
      this.offset = offset;
    }

    BodySubscriber<Void> receiver(ResponseInfo info) {
      boolean goesOn = info.statusCode() == 206;
      if (info.statusCode() != 200 && !goesOn) {
        return BodySubscribers.discarding();
      }
      long from = goesOn ? offset : 0;
      String range = info.headers().firstValue("Content-Range").orElse("");
      if (goesOn && !range.startsWith("bytes " + offset + "-")) {
        return BodySubscribers.replacing(null);
      }
      if (!goesOn && offset > 0) {
        startAgain();
      }
      BlobReceiver newReceiver =
          new BlobReceiver(channel, checksum, file.size() - from, BlobDownload.this::disk);
      receiver = newReceiver;
      return newReceiver;
    }

    private void startAgain() {
      try {
        channel.truncate(0);
        channel.position(0);
        checksum = new Checksum(file.etag(), file.size());
      } catch (IOException e) {
        throw disk(e);
      }
    }

    void tick() throws IOException {
      BlobReceiver current = receiver;
      long count = current == null ? 0 : current.received();
      long now = System.nanoTime();
      if (count > seen) {
        seen = count;
        lastProgressNanos = now;
        received.accept(channel.size());
      } else if (now - lastProgressNanos > patience.stallTimeout().toNanos()) {
        IOException stalled =
            new IOException("nothing came for " + patience.stallTimeout().toSeconds() + " s");
        if (current != null) {
          current.cancel(stalled);
        }
        throw stalled;
      }
    }
  }
}
