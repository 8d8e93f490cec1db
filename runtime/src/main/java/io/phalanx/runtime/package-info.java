/** Node start-up: guardians, roles, components and the cluster a node joins. */
@NullMarked
package io.phalanx.runtime;

import org.jspecify.annotations.NullMarked;
