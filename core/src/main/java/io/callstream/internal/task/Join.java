package io.callstream.internal.task;

import io.callstream.call.Field;
import io.callstream.lookup.LookupTable;
import java.io.Serializable;
import java.util.List;
import java.util.Set;

/**
 * The part of a lookup that tasks need.
 *
 * @param fields the fields of a row, in the order of its values
 * @param columns the names of their columns, for messages
 * @param isRead whether calls get fields of the row; otherwise it is only checked that they have
 *     one
 */
public record Join(
    String name, Field<String> key, List<Field<?>> fields, List<String> columns, boolean isRead)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  static Join of(LookupTable lookup, Set<Field<?>> read) {
    Field<?> first = lookup.fields().get(0);
    return new Join(
        lookup.name(), lookup.key(), lookup.fields(), lookup.columns(), read.contains(first));
  }

  /** Returns the field of which each row has a value. */
  Field<?> first() {
    return fields.get(0);
  }
}
