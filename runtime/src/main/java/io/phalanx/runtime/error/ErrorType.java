package io.phalanx.runtime.error;

/** Whose fault an error is, and so what can be done about it. */
public enum ErrorType {
  /** The caller's input is wrong; the same call fails again. */
  USER_ERROR,
  /** There is not enough of something now; a later call may succeed. */
  INSUFFICIENT_RESOURCES,
  /** A part of the system failed. */
  INTERNAL_ERROR
}
