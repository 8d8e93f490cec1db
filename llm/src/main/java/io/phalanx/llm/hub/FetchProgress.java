package io.phalanx.llm.hub;

/**
 * How far the fetching of a model's files has come.
 *
 * @param source the model source as configured
 * @param file the file that is being fetched or unpacked
 * @param fileNumber the file's position among the files to fetch, from 1
 * @param fileCount files to fetch
 * @param fetchedBytes bytes that are on disk, over all files
 * @param totalBytes bytes of all files to fetch
 */
public record FetchProgress(
    String source,
    String file,
    int fileNumber,
    int fileCount,
    long fetchedBytes,
    long totalBytes) {}
