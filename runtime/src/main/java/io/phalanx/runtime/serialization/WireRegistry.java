package io.phalanx.runtime.serialization;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/**
 * The table of the records and enums that may cross the wire and their ids, from all {@link
 * WireMessages} on the class path. Every node of a cluster must have the same table.
 */
final class WireRegistry {
  private final Map<Integer, Class<?>> classes;

  private WireRegistry(Map<Integer, Class<?>> classes) {
    this.classes = classes;
  }

  static WireRegistry load(ClassLoader loader) {
    return of(ServiceLoader.load(WireMessages.class, loader));
  }

  /**
   * Returns the table of these lists.
   *
   * @throws IllegalArgumentException if two entries share an id or a class, or a class is neither a
   *     record nor an enum
   */
  static WireRegistry of(Iterable<WireMessages> lists) {
    Map<Integer, Class<?>> classes = new TreeMap<>();
    Map<Class<?>, Integer> ids = new LinkedHashMap<>();
    for (WireMessages list : lists) {
      int id = list.firstId();
      for (Class<?> type : list.classes()) {
        requireRecordOrEnum(type);
        Integer other = ids.put(type, id);
        Class<?> holder = classes.put(id, type);
        if (other != null || holder != null) {
          throw new IllegalArgumentException(
              "wire id [" + id + "] of [" + type.getName() + "] is taken or given twice");
        }
        id++;
      }
    }
    return new WireRegistry(classes);
  }

  /** Returns the classes by their ids, ascending. */
  Map<Integer, Class<?>> classes() {
    return classes;
  }

  private static void requireRecordOrEnum(Class<?> type) {
    if (!type.isRecord() && !type.isEnum()) {
      throw new IllegalArgumentException(
          "[" + type.getName() + "] is neither a record nor an enum; it cannot cross the wire");
    }
  }
}
