/** Measures how fast a deployed model answers, without HTTP. */
@org.jspecify.annotations.NullMarked
package io.phalanx.llm.bench;
