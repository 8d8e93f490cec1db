package io.phalanx.runtime.serialization;

import java.util.List;

/**
 * The classes that one module sends between nodes, found by {@link java.util.ServiceLoader}.
 *
 * <p>A class not listed by any module cannot be read from the wire: it is refused and logged. Ids
 * are {@code firstId} plus the index in {@link #classes()}, so entries are only ever appended.
 */
public interface WireMessages {

  /**
   * Returns the id of the first class; modules own ranges of 1000 (runtime 1000, placement 2000,
   * llm 3000, http-api 4000).
   */
  int firstId();

  /**
   * Returns every class of the module that may appear in a message, in an order that never changes.
   */
  List<Class<?>> classes();
}
