package io.callstream.sink;

import io.callstream.internal.sink.Columns;

/** A column of a table: a column of the results, or one of the two that the sink adds. */
record JdbcColumn(String name, Columns.Type type, boolean isKey) {
  String quoted() {
    return JdbcName.quoted(name);
  }
}
