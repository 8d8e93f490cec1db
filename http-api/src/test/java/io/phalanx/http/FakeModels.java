package io.phalanx.http;

import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.Models;
import java.util.List;
import java.util.Optional;

/** A fixed list of models. */
record FakeModels(List<ModelHandle> all) implements Models {

  static FakeModels of(ModelHandle... models) {
    return new FakeModels(List.of(models));
  }

  @Override
  public Optional<ModelHandle> find(String modelId) {
    return all.stream().filter(model -> model.modelId().equals(modelId)).findFirst();
  }

  @Override
  public boolean allReady() {
    return !all.isEmpty() && all.stream().allMatch(ModelHandle::ready);
  }
}
