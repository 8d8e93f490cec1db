package io.phalanx.placement.scheduling;

import java.util.Comparator;

/** Orders node addresses as people do: {@code 127.0.0.2:9} before {@code 127.0.0.10:8}. */
public final class AddressOrder implements Comparator<String> {

  /** The one instance. */
  public static final AddressOrder INSTANCE = new AddressOrder();

  private AddressOrder() {}

  @Override
  public int compare(String left, String right) {
    int i = 0;
    int j = 0;
    while (i < left.length() && j < right.length()) {
      int endOfLeft = endOfRun(left, i);
      int endOfRight = endOfRun(right, j);
      int order = compareRuns(left, i, endOfLeft, right, j, endOfRight);
      if (order != 0) {
        return order;
      }
      i = endOfLeft;
      j = endOfRight;
    }
    int lengths = Integer.compare(left.length() - i, right.length() - j);
    return lengths != 0 ? lengths : left.compareTo(right);
  }

  /** A run is a number, or one other character. */
  private static int endOfRun(String text, int start) {
    int end = start + 1;
    while (isDigit(text, start) && end < text.length() && isDigit(text, end)) {
      end++;
    }
    return end;
  }

  private static int compareRuns(
      String left, int leftStart, int leftEnd, String right, int rightStart, int rightEnd) {
    if (!isDigit(left, leftStart) || !isDigit(right, rightStart)) {
      return Character.compare(left.charAt(leftStart), right.charAt(rightStart));
    }
    int i = afterZeros(left, leftStart, leftEnd);
    int j = afterZeros(right, rightStart, rightEnd);
    if (leftEnd - i != rightEnd - j) {
      return Integer.compare(leftEnd - i, rightEnd - j);
    }
    for (; i < leftEnd; i++, j++) {
      if (left.charAt(i) != right.charAt(j)) {
        return Character.compare(left.charAt(i), right.charAt(j));
      }
    }
    return 0;
  }

  private static int afterZeros(String text, int start, int end) {
    int i = start;
    while (i < end && text.charAt(i) == '0') {
      i++;
    }
    return i;
  }

  private static boolean isDigit(String text, int index) {
    char c = text.charAt(index);
    return c >= '0' && c <= '9';
  }
}
