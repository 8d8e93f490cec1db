package io.phalanx.http;

import io.phalanx.llm.engine.TokenEvent;

/** A token event and the index of the choice that it belongs to. */
record ChoiceEvent(int choice, TokenEvent event) {}
