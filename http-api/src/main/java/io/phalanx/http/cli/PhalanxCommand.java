package io.phalanx.http.cli;

import com.typesafe.config.ConfigException;
import io.phalanx.runtime.error.ErrorType;
import io.phalanx.runtime.error.ServingException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * The {@code phalanx} command line. Every error is one line that says what is wrong and what to do;
 * the exit code is 2 for wrong input, 1 for what failed otherwise.
 */
@Command(
    name = "phalanx",
    description = "Serves large language models across GPUs and machines.",
    mixinStandardHelpOptions = true,
    version = "Phalanx 0.1.0",
    subcommands = {
      ServeCommand.class,
      PlanCommand.class,
      NodeCommand.class,
      DeployCommand.class,
      StatusCommand.class,
      ScaleCommand.class,
      DeleteCommand.class,
      PlacementCommand.class,
      BenchCommand.class,
      CompletionCommand.class
    },
    synopsisSubcommandLabel = "COMMAND")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class PhalanxCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(PhalanxCommand.class);
  private static final int FAILED = 1;
  private static final int WRONG_INPUT = 2;
  private static final int MOST_SHOWN = 1000;

  @Spec private CommandSpec spec;

  /** Runs the command line and ends the JVM with its exit code. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  /** Returns the command line; its output goes where its writers say. */
  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new PhalanxCommand());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler(PhalanxCommand::onWrongArguments);
    line.setExecutionExceptionHandler(
        (exception, command, parsed) -> onFailure(exception, command.getErr()));
    return line;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return WRONG_INPUT;
  }

  private static int onWrongArguments(CommandLine.ParameterException e, String[] arguments) {
    String name = e.getCommandLine().getCommandSpec().qualifiedName();
    tell(e.getCommandLine().getErr(), e.getMessage() + "; see " + name + " --help");
    return WRONG_INPUT;
  }

  private static int onFailure(Exception failure, PrintWriter err) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof ServingException e) {
      LOG.debug("Command failed", e);
      tell(err, e.reason());
      return isWrongInput(e) ? WRONG_INPUT : FAILED;
    }
    if (cause instanceof ConfigException e) {
      tell(err, String.valueOf(e.getMessage()));
      return WRONG_INPUT;
    }
    LOG.error("Command failed", cause);
    tell(err, "internal error, see the log: " + cause);
    return FAILED;
  }

  private static boolean isWrongInput(ServingException e) {
    return e.code().type() == ErrorType.USER_ERROR
        || e.code().type() == ErrorType.INSUFFICIENT_RESOURCES;
  }

  private static void tell(PrintWriter err, String message) {
    String line = message.strip().replaceAll("\\s*[\\r\\n]+\\s*", " ");
    String shown = line.length() > MOST_SHOWN ? line.substring(0, MOST_SHOWN) + " ..." : line;
    err.println("phalanx: " + shown);
    err.flush();
  }
}
