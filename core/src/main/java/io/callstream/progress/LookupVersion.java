package io.callstream.progress;

/**
 * A version of the table of a lookup.
 *
 * @param version the number of the version, from 1. It grows when the rows of the table change
 * @param rows the number of rows
 */
public record LookupVersion(long version, long rows) {}
