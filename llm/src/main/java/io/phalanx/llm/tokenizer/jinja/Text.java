package io.phalanx.llm.tokenizer.jinja;

import java.util.BitSet;

/**
 * A string that knows of each character whether the template or the user wrote it. Equality is the
 * characters' alone. Cutting and joining keep every character's writer; any other change of a text
 * with a user's character makes the whole result the user's.
 */
public final class Text implements Comparable<Text> {
  static final Text EMPTY = ofTemplate("");

  private final String value;
  private final BitSet user;

  private Text(String value, BitSet user) {
    this.value = value;
    this.user = user;
  }

  /** Returns a text that the template or the model's own files wrote. */
  public static Text ofTemplate(String value) {
    return new Text(value, new BitSet());
  }

  /** Returns a text that came with a request. */
  public static Text ofUser(String value) {
    BitSet user = new BitSet(value.length());
    user.set(0, value.length());
    return new Text(value, user);
  }

  /** Returns the characters. */
  public String value() {
    return value;
  }

  /** Returns the number of UTF-16 units. */
  public int length() {
    return value.length();
  }

  /** Returns whether the user wrote anything in {@code from .. to - 1}, in UTF-16 units. */
  public boolean isUserWritten(int from, int to) {
    int next = user.nextSetBit(from);
    return next >= 0 && next < to;
  }

  boolean isUserWritten() {
    return !user.isEmpty();
  }

  boolean isEmpty() {
    return value.isEmpty();
  }

  Text substring(int from, int to) {
    return new Text(value.substring(from, to), user.get(from, to));
  }

  /** Returns another spelling of this text. */
  Text respelled(String newValue) {
    return isUserWritten() ? ofUser(newValue) : ofTemplate(newValue);
  }

  Text strip(String characters, boolean left, boolean right) {
    int from = 0;
    int to = value.length();
    while (left && from < to && isIn(value.charAt(from), characters)) {
      from++;
    }
    while (right && to > from && isIn(value.charAt(to - 1), characters)) {
      to--;
    }
    return substring(from, to);
  }

  private static boolean isIn(char c, String characters) {
    return characters.isEmpty() ? isSpace(c) : characters.indexOf(c) >= 0;
  }

  /** Returns whether Python counts the character as white space. */
  static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
  }

  @Override
  public int compareTo(Text other) {
    return value.compareTo(other.value);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Text text && text.value.equals(value);
  }

  @Override
  public int hashCode() {
    return value.hashCode();
  }

  @Override
  public String toString() {
    return value;
  }

  /** Joins texts; what it builds is bounded by a budget. */
  static final class Builder {
    private final StringBuilder value = new StringBuilder();
    private final BitSet user = new BitSet();
    private final Budget budget;

    Builder(Budget budget) {
      this.budget = budget;
    }

    Builder append(Text text) {
      int offset = value.length();
      budget.spendLength(text.length(), (long) offset + text.length());
      value.append(text.value);
      for (int from = text.user.nextSetBit(0); from >= 0; ) {
        int to = text.user.nextClearBit(from);
        user.set(offset + from, offset + to);
        from = text.user.nextSetBit(to);
      }
      return this;
    }

    Text build() {
      return new Text(value.toString(), user);
    }
  }
}
