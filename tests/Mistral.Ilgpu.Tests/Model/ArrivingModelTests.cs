using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>A model whose weights arrive in its first pass computes the bits of one that was loaded before it.</summary>
public sealed class ArrivingModelTests : IDisposable
{
    private const int Layers = 3;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Devices => [.. TestDevice.Rows("opencl"), Needs.Long(new TheoryDataRow<string>("cuda"))];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Devices))]
    public void Logits_OfAFirstPass_AreThoseOfALoadedModel(string name)
    {
        using var checkpoint = Write();
        var device = TestDevice.Get(name);
        using var loaded = MistralModel.Load(checkpoint, device, Options(arrives: false));
        Assert.True(loaded.HasArrived);
        var expected = Logits(loaded);

        // Part of the weights arrive before the pass.
        foreach (int before in new[] { 0, 1, 6, 100 })
        {
            using var model = MistralModel.LoadUntested(checkpoint, device, Options(arrives: true));
            Assert.False(model.HasArrived);
            for (int i = 0; i < before && model.Arrive(); i++)
            {
            }

            Assert.Equal(before == 100, model.HasArrived);
            Assert.Equal(expected, Logits(model));
            Assert.True(model.HasArrived);
            Assert.Equal(loaded.Parts[0].Runner.GetType(), model.Parts[0].Runner.GetType());
            Assert.Equal(expected, Logits(model));
        }
    }

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Pass_CancelledWhileWeightsArrive_GoesOnWithTheNext()
    {
        using var checkpoint = Write();
        var device = TestDevice.Get("opencl");
        using var loaded = MistralModel.Load(checkpoint, device, Options(arrives: false));
        var expected = Logits(loaded);
        using var cancelling = new CancellationTokenSource();
        var progress = new CancelAt(checkpoint.TotalBytes / 2, cancelling);
        using var model = MistralModel.Load(checkpoint, device, Options(arrives: true), progress, cancellation: TestContext.Current.CancellationToken);
        Assert.Throws<OperationCanceledException>(() => Logits(model, cancelling.Token));
        Assert.False(model.HasArrived);
        Assert.Equal(expected, Logits(model));
    }

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Dispose_OfAModelThatHasNotArrived_FreesItsMemory()
    {
        _ = TestDevice.Get("opencl");
        using var checkpoint = Write();
        using var device = ComputeDevice.Open("opencl");
        using (var model = MistralModel.LoadUntested(checkpoint, device, Options(arrives: true)))
        {
            model.Arrive();
        }

        Assert.Equal(0, device.AllocatedBytes);
    }

    // Its launches return when they are done, so that nothing would overlap.
    [Fact]
    public void Load_OnTheCpuAccelerator_HasAllInPlace()
    {
        using var checkpoint = Write();
        using var model = MistralModel.LoadUntested(checkpoint, TestDevice.Get("cpu"), Options(arrives: true));
        Assert.True(model.HasArrived);
    }

    // Streamed layers arrive in every pass already.
    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Load_OfStreamedLayers_HasAllInPlace()
    {
        using var checkpoint = Write();
        using var model = MistralModel.LoadUntested(
            checkpoint, TestDevice.Get("opencl"),
            Options(arrives: true) with { StreamedLayers = Layers, LayerCacheBytes = 0 });
        Assert.True(model.HasArrived);
    }

    private static List<float> Logits(MistralModel model, CancellationToken cancellation = default)
    {
        using var text = model.TryOpen(40)!;
        var (batch, all, logits) = (new Batch(), new List<float>(), new float[model.Config.VocabularySize]);
        for (int pass = 0; pass < 3; pass++)
        {
            batch.Clear();
            if (pass == 0)
            {
                batch.Prefill(text, new[] { 3, 4, 5 }, wantsLogits: true);
            }
            else
            {
                batch.Decode(text, 6);
            }

            model.Forward(batch, cancellation);
            model.ReadLogits(0, logits);
            all.AddRange(logits);
        }

        return all;
    }

    private static ModelOptions Options(bool arrives) => new(Chunk: 8, Arrives: arrives);

    private Checkpoint Write()
    {
        var random = new RandomCheckpoint(7);
        random.Config["num_hidden_layers"] = Layers;
        string folder = _folder.File("model");
        random.Write(folder);
        return Checkpoint.Open(folder);
    }

    private sealed class CancelAt(long bytes, CancellationTokenSource source) : IProgress<TensorProgress>
    {
        public void Report(TensorProgress value)
        {
            if (value.BytesDone >= bytes)
            {
                source.Cancel();
            }
        }
    }
}
