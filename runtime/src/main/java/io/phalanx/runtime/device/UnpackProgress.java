package io.phalanx.runtime.device;

/**
 * How far the unpacking of the native libraries is.
 *
 * @param bytes bytes in the cache by now
 * @param totalBytes bytes that all libraries need
 */
public record UnpackProgress(long bytes, long totalBytes) {}
