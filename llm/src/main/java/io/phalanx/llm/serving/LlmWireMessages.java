package io.phalanx.llm.serving;

import io.phalanx.llm.AggregationFunction;
import io.phalanx.llm.AutoscalingConfig;
import io.phalanx.llm.DeploymentConfig;
import io.phalanx.llm.Dtype;
import io.phalanx.llm.EngineKwargs;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ModelLoadingConfig;
import io.phalanx.llm.ParallelConfig;
import io.phalanx.llm.PlacementGroupConfig;
import io.phalanx.llm.ReplicaResources;
import io.phalanx.llm.RequestRouterConfig;
import io.phalanx.llm.RoutingPolicy;
import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.RequestTerms;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.engine.SchedulingPolicy;
import io.phalanx.llm.engine.StepOutput;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.layers.Quantization;
import io.phalanx.runtime.serialization.WireMessages;
import java.util.List;

/** What the actors around the engine send between nodes. */
public final class LlmWireMessages implements WireMessages {

  @Override
  public int firstId() {
    return 3000;
  }

  @Override
  public List<Class<?>> classes() {
    return List.of(
        LlmConfig.class,
        ModelLoadingConfig.class,
        DeploymentConfig.class,
        AutoscalingConfig.class,
        ReplicaResources.class,
        EngineKwargs.class,
        ParallelConfig.class,
        PlacementGroupConfig.class,
        GenerationRequest.class,
        SamplingParams.class,
        TokenEvent.class,
        FinishReason.class,
        ModelInput.class,
        ModelInput.SampleRow.class,
        StepOutput.class,
        Backlog.class,
        EngineStats.class,
        RankInfo.class,
        ReplicaSpec.class,
        ReplicaState.class,
        ReplicaStatus.class,
        ScalingDecision.class,
        DeploymentStatus.class,
        WorkerSpec.class,
        Worker.Load.class,
        Worker.Execute.class,
        Worker.Halt.class,
        Replica.Generate.class,
        Replica.Abort.class,
        Replica.Resend.class,
        Replica.Subscribe.class,
        Replica.Activate.class,
        Replica.Drain.class,
        Replica.WorkerPrepared.class,
        Replica.WorkerProgress.class,
        Replica.WorkerLoaded.class,
        Replica.WorkerFailed.class,
        Replica.StepDone.class,
        Replica.Tokens.class,
        Replica.RequestFailed.class,
        Replica.StillRunning.class,
        Replica.BacklogReport.class,
        ReplicaGang.Progress.class,
        ReplicaGang.Ready.class,
        ReplicaGang.Reported.class,
        ReplicaGang.Failed.class,
        ReplicaGang.Drained.class,
        DeploymentController.Deploy.class,
        DeploymentController.Delete.class,
        DeploymentController.Describe.class,
        DeploymentController.Follow.class,
        DeploymentController.Deployed.class,
        DeploymentController.Refused.class,
        DeploymentController.NotDeployed.class,
        IngressModels.ModelDeployed.class,
        IngressModels.ModelDeleted.class,
        Dtype.class,
        DeploymentState.class,
        DeploymentFailure.class,
        DeploymentController.Watch.class,
        DeploymentController.Forgotten.class,
        Worker.Neighbours.class,
        Quantization.class,
        KvCacheType.class,
        DeploymentController.Scale.class,
        DeploymentController.IngressBacklog.class,
        DeploymentController.Wake.class,
        RequestTerms.class,
        SchedulingPolicy.class,
        RequestRouterConfig.class,
        RoutingPolicy.class,
        AggregationFunction.class,
        ScalingInput.class,
        ScalingReason.class,
        DeploymentVersion.class,
        DeploymentVersion.Trial.class,
        DesiredDeployment.class,
        DeploymentController.Announce.class,
        Replica.Adopt.class,
        Replica.Reconfigure.class,
        Replica.WorkerSteps.class,
        Worker.TellSteps.class,
        Replica.LayersDone.class,
        Worker.EndStep.class);
  }
}
