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
      int order = compareRuns(left.substring(i, endOfLeft), right.substring(j, endOfRight));
      if (order != 0) {
        return order;
      }
      i = endOfLeft;
      j = endOfRight;
    }
    int lengths = Integer.compare(left.length() - i, right.length() - j);
    return lengths != 0 ? lengths : left.compareTo(right);
  }

  private static int endOfRun(String text, int start) {
    int end = start + 1;
    while (isDigit(text, start) && end < text.length() && isDigit(text, end)) {
      end++;
    }
    return end;
  }

  private static int compareRuns(String left, String right) {
    if (!isDigit(left, 0) || !isDigit(right, 0)) {
      return left.compareTo(right);
    }
    String x = left.replaceFirst("^0+", "");
    String y = right.replaceFirst("^0+", "");
    return x.length() != y.length() ? Integer.compare(x.length(), y.length()) : x.compareTo(y);
  }

  private static boolean isDigit(String text, int index) {
    char c = text.charAt(index);
    return c >= '0' && c <= '9';
  }
}
