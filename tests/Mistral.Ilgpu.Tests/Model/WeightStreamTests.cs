using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

public sealed class WeightStreamTests
{
    [Theory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Load_OfTensorsThatFitTheStaging_TakesOneTurnForEach(string name)
    {
        using var checkpoint = Checkpoint.OpenBuiltIn("tiny");
        var turns = new List<string>();
        var (device, options) = (TestDevice.Get(name), new ModelOptions());
        var plan = MistralGraph.PlanOf(checkpoint.Config, checkpoint.Tensors, options, device.Info);
        using var weights = ModelWeights.Load(
            device, checkpoint, plan, options, Residency.Whole(plan), new Turns(turns), TestContext.Current.CancellationToken);
        Assert.Equal(checkpoint.Tensors.Keys.Order(), turns.Order());
    }

    private sealed class Turns(List<string> tensors) : IProgress<TensorProgress>
    {
        public void Report(TensorProgress value) => tensors.Add(value.Tensor);
    }
}
