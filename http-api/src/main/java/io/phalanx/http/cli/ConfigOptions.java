package io.phalanx.http.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValueFactory;
import io.phalanx.runtime.config.ConfigReader;
import io.phalanx.runtime.config.NearestName;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Where a command's configuration comes from: a file, {@code -D} options, and the defaults. The
 * same for every command.
 */
final class ConfigOptions {
  private static final String ROOT = "phalanx";

  /** The environment variable that the launcher sets to the directory of the clone. */
  private static final String HOME = "PHALANX_HOME";

  @Parameters(
      arity = "0..1",
      paramLabel = "CONF",
      description = "The configuration file; by default the application.conf of the clone.")
  private @Nullable Path file;

  @Option(
      names = "-D",
      paramLabel = "KEY=VALUE",
      mapFallbackValue = "true",
      description = "Overrides a key, such as -D phalanx.http.port=9000.")
  private Map<String, String> overrides = new LinkedHashMap<>();

  /**
   * Reads the configuration.
   *
   * @return what the file and the options say, over the defaults, resolved
   * @throws ServingException {@code INVALID_CONFIGURATION} if the file is not there, says nothing
   *     about Phalanx, is nested too deeply, or has a key that nobody knows
   * @throws ConfigException if it is not HOCON
   */
  Config load() {
    Path given = file;
    Config own = given == null ? homeConfig() : parse(given);
    Config overridden = parsedOverrides();
    Config config =
        overridden
            .withFallback(ConfigFactory.defaultOverrides())
            .withFallback(own)
            .withFallback(ConfigFactory.defaultReference())
            .resolve();
    rejectUnknown(overridden.withFallback(own), config);
    if (given != null && !own.root().containsKey(ROOT)) {
      throw withoutRoot(given, own);
    }
    return config;
  }

  /** Adds an override that an option of its own stands for. */
  void override(String key, Object value) {
    overrides.putIfAbsent(key, value.toString());
  }

  private static Config homeConfig() {
    String home = System.getenv(HOME);
    Path file = home == null ? null : Path.of(home, "application.conf");
    return file != null && Files.isRegularFile(file) ? parse(file) : ConfigFactory.empty();
  }

  private static Config parse(Path file) {
    if (!Files.isRegularFile(file)) {
      String problem = Files.isDirectory(file) ? ": is a directory" : ": no such file";
      throw refused(file + problem + "; give the path of a .conf (HOCON) or .json file");
    }
    try {
      return ConfigFactory.parseFile(
          file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
    } catch (StackOverflowError e) {
      throw refused(file + ": is nested too deeply to be a configuration");
    }
  }

  private static ServingException refused(String message) {
    return new ServingException(ErrorCode.INVALID_CONFIGURATION, message);
  }

  private static ServingException withoutRoot(Path file, Config own) {
    String hint =
        own.root().keySet().stream()
            .filter(key -> NearestName.of(key, List.of(ROOT)).isPresent())
            .findFirst()
            .map(key -> "; did you mean it by [" + key + "]?")
            .orElse("; put everything within it");
    return refused(file + ": has no " + ROOT + " { ... }" + hint);
  }

  private Config parsedOverrides() {
    Config config = ConfigFactory.empty();
    for (Map.Entry<String, String> entry : overrides.entrySet()) {
      config = parsed(entry.getKey(), entry.getValue()).withFallback(config);
    }
    return config;
  }

  /** A value is HOCON where it can be, so that numbers and lists are such, and else a string. */
  private static Config parsed(String key, String value) {
    try {
      return ConfigFactory.parseString(
          key + " = " + value, ConfigParseOptions.defaults().setOriginDescription("-D" + key));
    } catch (ConfigException notHocon) {
      return ConfigValueFactory.fromAnyRef(value, "-D" + key)
          .atPath(ConfigUtil.joinPath(ConfigUtil.splitPath(key)));
    }
  }

  private static void rejectUnknown(Config own, Config config) {
    String[] known =
        ConfigFactory.defaultReference().getObject(ROOT).keySet().toArray(String[]::new);
    for (String key : known) {
      if (own.root().containsKey(key)) {
        throw refused(
            key
                + ": must lie within phalanx { ... } ("
                + own.root().get(key).origin().description()
                + ")");
      }
    }
    ConfigReader.of(config, ROOT).acceptSnakeCase().know(known).rejectUnknown();
  }
}
