/** Which replica gets which request, who waits and who is refused: plain Java without actors. */
@NullMarked
package io.phalanx.llm.routing;

import org.jspecify.annotations.NullMarked;
