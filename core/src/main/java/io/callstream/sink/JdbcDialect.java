package io.callstream.sink;

/** How a database spells "insert this row, or update it if it is there". */
public enum JdbcDialect {
  /** PostgreSQL 9.5 or later, and what speaks like it: {@code INSERT … ON CONFLICT DO UPDATE}. */
  POSTGRESQL("text"),
  /**
   * The {@code MERGE} of the SQL standard, as H2, HSQLDB and PostgreSQL 15 or later know it. Where
   * texts or times are of other types than {@code character varying(1048576)} and {@code timestamp
   * with time zone}, create the tables beforehand: those that are there are used.
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
