package io.phalanx.examples;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures;
import org.junit.jupiter.api.Test;

/** The arrows between the modules point one way, and the functional cores know no actors. */
final class LayeringTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.phalanx");

  private static final String PEKKO = "org.apache.pekko..";
  private static final String LIBTORCH = "org.bytedeco..";

  @Test
  void modules_dependOneWay() {
    Architectures.layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("runtime")
        .definedBy("io.phalanx.runtime..")
        .layer("placement")
        .definedBy("io.phalanx.placement..")
        .layer("llm")
        .definedBy("io.phalanx.llm..")
        .layer("http-api")
        .definedBy("io.phalanx.http..")
        .layer("examples")
        .definedBy("io.phalanx.examples..")
        .whereLayer("examples")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("http-api")
        .mayOnlyBeAccessedByLayers("examples")
        .whereLayer("llm")
        .mayOnlyBeAccessedByLayers("examples", "http-api")
        .whereLayer("placement")
        .mayOnlyBeAccessedByLayers("examples", "http-api", "llm")
        .check(CLASSES);
  }

  @Test
  void engine_isIntegersOnly_withoutActorsOrTensors() {
    noClasses()
        .that()
        .resideInAnyPackage("io.phalanx.llm.engine..", "io.phalanx.llm.routing..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(PEKKO, LIBTORCH)
        .check(CLASSES);
  }

  @Test
  void planner_isPure_withoutActors() {
    noClasses()
        .that()
        .resideInAPackage("io.phalanx.placement.scheduling..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.pekko.actor.typed.javadsl..")
        .check(CLASSES);
  }

  @Test
  void models_layersAndTokenizers_knowNoActors() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.phalanx.llm.models..",
            "io.phalanx.llm.layers..",
            "io.phalanx.llm.weights..",
            "io.phalanx.llm.tokenizer..",
            "io.phalanx.llm.hub..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(PEKKO)
        .check(CLASSES);
  }

  @Test
  void pekkoHttp_isOnlyInHttpApi() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.phalanx.http..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.pekko.http..")
        .check(CLASSES);
  }
}
