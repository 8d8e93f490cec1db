/** Programs that measure placement; not run by the tests. */
@org.jspecify.annotations.NullMarked
package io.phalanx.placement.bench;
