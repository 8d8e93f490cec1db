package io.phalanx.llm.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A running checksum of a file's bytes, compared with the file's etag: SHA-256 of the content for
 * large files, git's SHA-1 of a blob for the others. Any other etag is taken on trust.
 */
final class Checksum {
  private static final int SHA256_DIGITS = 64;
  private static final int SHA1_DIGITS = 40;
  private static final int BUFFER_BYTES = 1 << 16;

  private final String etag;
  private final MessageDigest digest;

  Checksum(String etag, long size) {
    this.etag = etag;
    this.digest = digest(etag.length() == SHA1_DIGITS ? "SHA-1" : "SHA-256");
    if (etag.length() == SHA1_DIGITS) {
      digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
    }
  }

  void update(ByteBuffer bytes) {
    digest.update(bytes);
  }

  /** Adds the bytes of a file. */
  void update(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        digest.update(buffer, 0, count);
      }
    }
  }

  /** Returns whether the bytes are those that the etag stands for; ends the checksum. */
  boolean matches() {
    boolean known = etag.length() == SHA256_DIGITS || etag.length() == SHA1_DIGITS;
    return !known || HexFormat.of().formatHex(digest.digest()).equals(etag);
  }

  static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
