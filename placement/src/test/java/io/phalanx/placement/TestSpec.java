package io.phalanx.placement;

/** Asks for an actor that echoes {@link #text}. */
public record TestSpec(String text) implements LaunchSpec {}
