package io.phalanx.llm.engine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.random.RandomGenerator;

/**
 * Names the full blocks of sequences by what they hold: each hash covers the block's tokens and the
 * hash before it, the first one the sequence's salt and a key.
 */
/*
 * SHA-256 cut to 128 bits: no two contents are known to collide, and the key is drawn anew for each
 * engine, so that nobody can look for a pair beforehand. Tokens need not be compared for that.
 */
final class BlockHasher {
  private static final int KEY_BYTES = 32;

  private final MessageDigest digest;
  private final byte[] key = new byte[KEY_BYTES];
  private final ByteBuffer block;
  private final int blockSize;

  BlockHasher(int blockSize, RandomGenerator keys) {
    this.blockSize = blockSize;
    this.block = ByteBuffer.allocate(2 * Long.BYTES + blockSize * Integer.BYTES);
    keys.nextBytes(key);
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  /** Makes the sequence know the hashes of its first {@code numBlocks} blocks. */
  void extend(Sequence sequence, int numBlocks) {
    for (int known = sequence.blockHashes().size(); known < numBlocks; known++) {
      BlockHash parent =
          known == 0 ? root(sequence.request().cacheSalt()) : sequence.blockHashes().get(known - 1);
      sequence.blockHashes().add(next(parent, sequence.tokenIds(), known * blockSize));
    }
  }

  private BlockHash root(String salt) {
    digest.update(key);
    digest.update(salt.getBytes(StandardCharsets.UTF_8));
    return result(digest.digest());
  }

  private BlockHash next(BlockHash parent, IntList tokenIds, int from) {
    block.clear().putLong(parent.high()).putLong(parent.low());
    for (int i = from; i < from + blockSize; i++) {
      block.putInt(tokenIds.get(i));
    }
    digest.update(block.array());
    return result(digest.digest());
  }

  private static BlockHash result(byte[] hash) {
    ByteBuffer bytes = ByteBuffer.wrap(hash);
    return new BlockHash(bytes.getLong(), bytes.getLong());
  }
}
