package io.phalanx.llm.serving;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentSkipListMap;
import org.apache.pekko.Done;

/** Records that outlive controllers within one test. */
final class RecordsInMemory implements DeploymentRecords {
  private final Map<String, DesiredDeployment> records = new ConcurrentSkipListMap<>();

  @Override
  public CompletionStage<Optional<DesiredDeployment>> read(String modelId) {
    return CompletableFuture.completedFuture(Optional.ofNullable(records.get(modelId)));
  }

  @Override
  public CompletionStage<Done> write(DesiredDeployment record) {
    records.put(record.modelId(), record);
    return CompletableFuture.completedFuture(Done.getInstance());
  }

  @Override
  public CompletionStage<Done> remove(String modelId) {
    records.remove(modelId);
    return CompletableFuture.completedFuture(Done.getInstance());
  }

  @Override
  public CompletionStage<List<String>> modelIds() {
    return CompletableFuture.completedFuture(List.copyOf(records.keySet()));
  }

  @Override
  public CompletionStage<List<String>> knownModelIds() {
    return modelIds();
  }
}
