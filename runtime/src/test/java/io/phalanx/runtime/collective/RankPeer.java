package io.phalanx.runtime.collective;

import io.phalanx.runtime.JvmId;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.NativeRuntime;
import io.phalanx.runtime.error.ServingException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * One rank in a JVM of its own, told on its standard input what to do and answering on its standard
 * output: first its JVM's id, then, told the ids of both, that it has joined.
 */
final class RankPeer {
  private static final String[] HOSTS = {"127.0.0.2", "127.0.0.3"};
  private static final int LARGE = 300_000;

  private RankPeer() {}

  /** Runs a rank of two; arguments: rank, transport, meeting, timeout in milliseconds. */
  public static void main(String[] arguments) throws IOException {
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    say(JvmId.current());
    GroupSpec spec = spec(arguments, commands.readLine().split(" ", -1));
    NativeRuntime.RankThread thread = NativeRuntime.enterRankThread(1);
    ProcessGroup group = ProcessGroups.join(spec, Integer.parseInt(arguments[0]), Device.CPU);
    say(String.join(" ", listening("joined")));
    String command = commands.readLine();
    while (command != null && !command.equals("end")) {
      obey(group, command);
      command = commands.readLine();
    }
    group.close();
    thread.close();
    say("ended");
  }

  private static GroupSpec spec(String[] arguments, String[] jvmIds) {
    String machine = MachineId.current();
    return new GroupSpec(
        "peers",
        1,
        List.of(
            new GroupMember(jvmIds[0], machine, HOSTS[0]),
            new GroupMember(jvmIds[1], machine, HOSTS[1])),
        Transport.valueOf(arguments[1]),
        arguments[2],
        Duration.ofMillis(Long.parseLong(arguments[3])));
  }

  private static void obey(ProcessGroup group, String command) {
    PointerScope scope = new PointerScope();
    try {
      say(answer(group, command));
    } catch (ServingException e) {
      say("failed " + e.code() + " " + e.reason());
    } finally {
      scope.close();
    }
  }

  private static String answer(ProcessGroup group, String command) {
    int rank = group.rank();
    return switch (command) {
      case "sum" -> {
        Tensor sum = RankThreads.tensor(i -> element(rank, i), 1000);
        group.allReduce(sum);
        yield hash(sum);
      }
      case "gather" ->
          hash(group.allGatherColumns(RankThreads.tensor(i -> element(rank, i), 3, 5)));
      case "send" -> {
        group.send(RankThreads.tensor(i -> element(rank, i), 64, 64), 1 - rank);
        yield "sent";
      }
      case "receive" -> {
        Tensor received = RankThreads.tensor(i -> 0f, 64, 64);
        group.receive(received, 1 - rank);
        yield hash(received);
      }
      case "sum for ever" -> {
        Tensor large = RankThreads.tensor(i -> 1f, LARGE);
        say("summing");
        while (!Thread.currentThread().isInterrupted()) {
          group.allReduce(large);
        }
        yield "interrupted";
      }
      default -> CollectiveBenchmark.time(group, elements(command));
    };
  }

  private static int elements(String command) {
    if (!command.startsWith("time ")) {
      throw new IllegalArgumentException(command);
    }
    return Integer.parseInt(command.substring("time ".length()));
  }

  static float element(int rank, int i) {
    return (rank % 2 == 0 ? 1 : -1) * (1e7f / (rank + 1) + i * 0.37f);
  }

  static String hash(Tensor tensor) {
    return Integer.toHexString(Arrays.hashCode(RankThreads.values(tensor)));
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  /**
   * Returns a word and the addresses on which this process listens, in the kernel's hexadecimal.
   */
  private static List<String> listening(String word) throws IOException {
    Set<String> own;
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      own = descriptors.map(RankPeer::target).collect(Collectors.toSet());
    }
    List<String> answer = new ArrayList<>(List.of(word));
    for (String table : List.of("tcp", "tcp6")) {
      for (String line : Files.readAllLines(Path.of("/proc/self/net", table))) {
        String[] columns = line.strip().split("\\s+", -1);
        if (columns[3].equals("0A") && own.contains("socket:[" + columns[9] + "]")) {
          answer.add(columns[1].substring(0, columns[1].indexOf(':')));
        }
      }
    }
    return answer;
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException closedMeanwhile) {
      return "";
    }
  }
}
