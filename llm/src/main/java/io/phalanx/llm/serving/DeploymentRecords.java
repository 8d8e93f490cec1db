package io.phalanx.llm.serving;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;

/** Where the records of deployments lie, so that they survive the nodes of their controllers. */
interface DeploymentRecords {

  /** Returns a model's record; empty if it is not deployed. Fails if most nodes do not answer. */
  CompletionStage<Optional<DesiredDeployment>> read(String modelId);

  /** Replaces a model's record; completes once most nodes have it. */
  CompletionStage<Done> write(DesiredDeployment record);

  /** Forgets a model's record; completes once most nodes have. */
  CompletionStage<Done> remove(String modelId);

  /** Returns the ids of all models that have a record. Fails if most nodes do not answer. */
  CompletionStage<List<String>> modelIds();

  /** Returns the same as far as this node knows by itself. */
  CompletionStage<List<String>> knownModelIds();
}
