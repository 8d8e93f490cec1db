package io.phalanx.examples;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.AppenderBase;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigs;
import io.phalanx.llm.Phalanx;
import io.phalanx.llm.serving.DeploymentStatus;
import io.phalanx.llm.serving.ReplicaStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/** Every example runs on the local cluster with the embedded model, and its two forms agree. */
final class ExamplesTest {
  private static final Path CONFIGURATIONS = Path.of("conf");

  static Stream<Arguments> examples() {
    return Stream.of(
        Arguments.of("tensor-parallel", TensorParallel.config(), 2),
        Arguments.of("pipeline-parallel", PipelineParallel.config(), 2),
        Arguments.of("tensor-and-pipeline-parallel", TensorAndPipelineParallel.config(), 4),
        Arguments.of("custom-placement", CustomPlacement.config(), 4),
        Arguments.of("data-parallel", DataParallel.config(), 4));
  }

  @ParameterizedTest
  @MethodSource("examples")
  void configuration_saysTheSameAsTheProgram(String name, LlmConfig program) {
    assertThat(LlmConfigs.parse(load(name))).containsExactly(program);
  }

  @ParameterizedTest
  @MethodSource("examples")
  void example_answersAQuestion(String name, LlmConfig program, int ranks) {
    try (Phalanx phalanx = Phalanx.start(load(name), List.of(program), line -> {})) {
      String answer = Chat.ask(phalanx, program.modelId(), "What is a placement group?");

      assertThat(answer.toLowerCase(Locale.ROOT)).contains("bundle");
      assertThat(phalanx.status().deployments())
          .flatExtracting(DeploymentStatus::replicas)
          .flatExtracting(ReplicaStatus::ranks)
          .hasSize(ranks);
    }
  }

  /**
   * A model that needs every node: its first plan sees them all, else it would say that there is no
   * room. The next model says so, since there is none.
   */
  @Test
  void modelOnAllNodes_startsWithoutWaitingForRoom() throws InterruptedException {
    Config oneGpuEach =
        ConfigFactory.parseString("phalanx.local-cluster { nodes = 4, gpus-per-node = 1 }")
            .withFallback(load("custom-placement"));
    BlockingQueue<String> waits = new LinkedBlockingQueue<>();
    Logger logger = (Logger) LoggerFactory.getLogger("io.phalanx.llm.serving.ReplicaGang");
    Appender<ILoggingEvent> appender = appender(waits);
    logger.addAppender(appender);
    try (Phalanx phalanx =
        Phalanx.start(oneGpuEach, List.of(CustomPlacement.config()), line -> {})) {
      assertThat(waits).isEmpty();

      phalanx.deploy(
          LlmConfig.builder()
              .modelId("second")
              .modelSource(ModelSources.fromEnvironment())
              .build());

      assertThat(waits.poll(1, TimeUnit.MINUTES)).contains("bundle");
    } finally {
      logger.detachAppender(appender);
    }
  }

  private static Appender<ILoggingEvent> appender(BlockingQueue<String> waits) {
    AppenderBase<ILoggingEvent> appender =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            if (event.getFormattedMessage().contains("waits for room")) {
              waits.add(event.getFormattedMessage());
            }
          }
        };
    appender.start();
    return appender;
  }

  @ParameterizedTest
  @MethodSource("allConfigurations")
  void everyConfiguration_parses(Path file) {
    assertThat(LlmConfigs.parse(load(file))).hasSize(1);
  }

  static List<Path> allConfigurations() throws IOException {
    try (Stream<Path> files = Files.list(CONFIGURATIONS)) {
      return files.sorted().toList();
    }
  }

  private static Config load(String name) {
    return load(CONFIGURATIONS.resolve(name + ".conf"));
  }

  private static Config load(Path file) {
    return ConfigFactory.parseMap(Map.of("phalanx.http.port", 0))
        .withFallback(ConfigFactory.parseFile(file.toFile()))
        .withFallback(ConfigFactory.load())
        .resolve();
  }
}
