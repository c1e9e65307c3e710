using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.PtxMachine.Driver;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>How passes of streamed layers are launched.</summary>
public sealed class StreamedPassTests : IDisposable
{
    private const int Layers = 6;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Events order copies and kernels, so that the host may launch a whole pass at once.
    [Fact]
    [Trait(Needs.Trait, Needs.Time)]
    public void Pass_OnCuda_WaitsForTheDeviceNoMoreThanAResidentOne()
    {
        using var checkpoint = Write();
        var device = TestDevice.Get("cuda");
        Assert.Equal(Waits(checkpoint, device, Options()), Waits(checkpoint, device, Options(Layers)));
        // One for each copy and one for each layer's kernels. Copies to both slots may begin before or after what is counted.
        Assert.True(CudaDriver.Counts.Calls["cuStreamWaitEvent"] >= (2 * Layers) - Residency.SlotCount);
    }

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Pass_OnAnOpenClCpu_IsChainedAndHasTheBitsOfResidentLayers()
    {
        using var checkpoint = Write();
        using var device = TestDevice.OpenAs(KernelFamily.OpenClCpu);
        var expected = Decode(checkpoint, device, Options());
        foreach (int streamed in new[] { Layers, 4 })
        {
            Assert.Equal(expected, Decode(checkpoint, device, Options(streamed)));
        }
    }

    private static List<float> Decode(Checkpoint checkpoint, ComputeDevice device, ModelOptions options)
    {
        using var model = MistralModel.Load(checkpoint, device, options);
        var chained = Assert.IsType<ChainedPasses>(Assert.IsType<PassRunners>(model.Parts[0].Runner).Runners[0]);
        chained.WorkerCount.Chosen = device.Info.ComputeUnits;
        model.Parts[0].Runner.Prepare(TestContext.Current.CancellationToken);
        Assert.True(chained.IsPrepared);
        using var text = model.TryOpen(40)!;
        var (batch, all, logits) = (new Batch(), new List<float>(), new float[model.Config.VocabularySize]);
        for (int i = 0; i < 20; i++)
        {
            batch.Clear();
            batch.Decode(text, 3 + i);
            model.Forward(batch);
            model.ReadLogits(0, logits);
            all.AddRange(logits);
        }

        return all;
    }

    private static int Waits(Checkpoint checkpoint, ComputeDevice device, ModelOptions options)
    {
        using var model = MistralModel.LoadUntested(checkpoint, device, options);
        using var text = model.TryOpen(40)!;
        var batch = new Batch();
        var logits = new float[model.Config.VocabularySize];
        Pass(1);
        CudaDriver.Counts = new CallCounts();
        Pass(2);
        return CudaDriver.Counts.Calls["cuStreamSynchronize"];

        void Pass(int id)
        {
            batch.Clear();
            batch.Prefill(text, new[] { id, id + 1 }, wantsLogits: true);
            model.Forward(batch);
            model.ReadLogits(0, logits);
        }
    }

    private ModelOptions Options(int? streamed = null) =>
        new(Chunk: 8, LayerFolder: _folder.File("layers"), StreamedLayers: streamed);

    private Checkpoint Write()
    {
        var random = new RandomCheckpoint(5);
        random.Config["num_hidden_layers"] = Layers;
        (random.Config["hidden_size"], random.Config["intermediate_size"]) = (64, 64);
        string folder = _folder.File("model");
        random.Write(folder);
        return Checkpoint.Open(folder);
    }
}
