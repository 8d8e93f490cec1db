package io.phalanx.llm.hub;

/**
 * A file of a hub's repository at one commit.
 *
 * @param name its name in the repository's root
 * @param etag its content's identity and, if it is a hash, its checksum
 * @param size bytes
 */
record RemoteFile(String name, String etag, long size) {}
