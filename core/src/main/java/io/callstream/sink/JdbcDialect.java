package io.callstream.sink;

/** The syntax with which a database inserts a row, or updates it if it exists. */
public enum JdbcDialect {
  /** PostgreSQL 9.5 or later, and compatible databases: {@code INSERT … ON CONFLICT DO UPDATE}. */
  POSTGRESQL("text"),
  /**
   * {@code MERGE} of the SQL standard, which H2, HSQLDB and PostgreSQL 15 or later support. If the
   * database requires other types than {@code character varying(1048576)} for texts or {@code
   * timestamp with time zone} for times, create the tables in advance. The sink uses existing
   * tables.
   */
  STANDARD("character varying(1048576)");

  private final String text;

  JdbcDialect(String text) {
    this.text = text;
  }

  /** Returns the SQL type of a column. */
  String type(Columns.Type type) {
    return switch (type) {
      case TIME -> "timestamp with time zone";
      case TEXT -> text;
      case LONG -> "bigint";
      case DOUBLE -> "double precision";
    };
  }
}
