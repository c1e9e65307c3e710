using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.Reference;
using Xunit;
using static Mistral.Ilgpu.Tests.Model.StreamedModels;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>
/// A model whose layers come to the device in every pass computes the bits of one that is there as a whole. So does one whose
/// layers are used in place, as CPUs do unless they are told to copy.
/// </summary>
public sealed class StreamedModelTests : IDisposable
{
    private readonly StreamedModels _models = new();

    public static TheoryData<string> Devices => TestDevice.AllWithCudaLong;

    public static TheoryData<string> Cpus => TestDevice.Rows("cpu", "opencl");

    public static TheoryData<string, TensorFormat> Formats =>
        TestDevice.Rows<TensorFormat>(["cpu", "opencl"], TensorFormatExtensions.Encodable);

    public void Dispose() => _models.Dispose();

    // All layers, so that two slots are all there is, more than half of them, and the fewest that save memory.
    [Theory]
    [MemberData(nameof(Devices))]
    public void Logits_OfStreamedLayers_AreThoseOfResidentOnes(string device)
    {
        using var checkpoint = _models.Write();
        var expected = Logits(checkpoint, TestDevice.Get(device), _models.Options());
        foreach (int streamed in new[] { Layers, 4, 3 })
        {
            Assert.Equal(expected, Logits(checkpoint, TestDevice.Get(device), _models.Options(streamed)));
        }
    }

    [Theory]
    [MemberData(nameof(Cpus))]
    public void Logits_OfCopiedLayers_AreThoseOfResidentOnes(string cpu)
    {
        using var checkpoint = _models.Write();
        using var device = OpenToCopy(cpu);
        var expected = Logits(checkpoint, device, _models.Options());
        foreach (int streamed in new[] { Layers, 4, 3 })
        {
            using var model = MistralModel.Load(checkpoint, device, _models.Options(streamed));
            Assert.NotNull(model.Parts[0].Transfers);
            Assert.Equal(expected, TwoTexts.Logits(model));
        }
    }

    [Theory]
    [MemberData(nameof(Cpus))]
    public void Load_ToACpu_UsesLayersInPlace(string device)
    {
        using var checkpoint = _models.Write();
        using var model = MistralModel.Load(checkpoint, TestDevice.Get(device), _models.Options(Layers));
        Assert.Null(model.Parts[0].Transfers);
        Assert.True(model.Parts[0].Residency.IsInPlace);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Logits_OfEveryFormat_AreThoseOfResidentLayers(string device, TensorFormat format)
    {
        using var checkpoint = _models.Write(columns: 256);
        Assert.Equal(
            Logits(checkpoint, TestDevice.Get(device), _models.Options() with { WeightType = format }),
            Logits(checkpoint, TestDevice.Get(device), _models.Options(Layers) with { WeightType = format }));
    }

    // 16 layers: half of them, a quarter, and two stay on the device.
    [Theory(Explicit = true)]
    [MemberData(nameof(Cpus))]
    [Trait(Needs.Trait, Needs.Time)]
    public void Logits_Of250MillionWeights_AreThoseOfResidentOnes(string cpu)
    {
        using var checkpoint = Checkpoint.Open("random:250m:q4_k");
        Assert.Equal(16, checkpoint.Config.LayerCount);
        using var copies = OpenToCopy(cpu);
        var expected = Logits(checkpoint, TestDevice.Get(cpu), Options(0));
        foreach (int streamed in new[] { 8, 12, 14 })
        {
            Assert.Equal(expected, Logits(checkpoint, TestDevice.Get(cpu), Options(streamed)));
            Assert.Equal(expected, Logits(checkpoint, copies, Options(streamed)));
        }

        ModelOptions Options(int streamed) => _models.Options(streamed) with { Context = 64 };
    }

    [Fact]
    public void Pass_AfterOneThatWasBrokenOff_HasItsOwnLayers()
    {
        using var checkpoint = _models.Write();
        using var device = OpenToCopy("cpu");
        var expected = Logits(checkpoint, device, _models.Options());
        using var model = MistralModel.Load(checkpoint, device, _models.Options(Layers));
        for (int steps = 1; steps < 40; steps += 5)
        {
            using (model.Decorate(part => new BreakingPasses(part.Runner, part.Direct, steps)))
            {
                Assert.Throws<TimeoutException>(() => TwoTexts.Logits(model));
            }

            Assert.Equal(expected, TwoTexts.Logits(model));
        }
    }

    [Theory]
    [InlineData(false, "expected [0-9]+ bytes, as when it was opened")]
    [InlineData(true, "expected more, as when it was opened")]
    public void Pass_OfAFileThatShrinks_FailsInOneLineAndGoesOnWhenItIsBack(bool isCopied, string message)
    {
        using var checkpoint = _models.Write();
        using var device = isCopied ? OpenToCopy("cpu") : ComputeDevice.Open("cpu");
        using var model = MistralModel.Load(checkpoint, device, _models.Options(Layers));
        var expected = TwoTexts.Logits(model);
        string file = _models.Files().Order().First();
        byte[] bytes = File.ReadAllBytes(file);
        using (var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            stream.SetLength(4100);
            // Layers that are in their slots before the file shrank may still be used once.
            var error = Assert.Throws<ModelFileException>(
                () => Enumerable.Range(0, 3).Select(_ => TwoTexts.Logits(model)).ToList());
            Assert.Matches($"^{file}: found its end at byte 4100, {message}$", error.Message);
            stream.Write(bytes);
        }

        Assert.Equal(expected, TwoTexts.Logits(model));
    }

    [Fact]
    public void Dispose_OfAModelThatStreams_FreesItsMemory()
    {
        using var checkpoint = _models.Write();
        using var device = ComputeDevice.Open("cpu");
        using (var whole = MistralModel.Load(checkpoint, device, _models.Options()))
        {
            using var model = MistralModel.Load(checkpoint, device, _models.Options(Layers));
            Assert.True(model.Parts[0].Residency.DeviceBytes < whole.Parts[0].Residency.DeviceBytes);
            TwoTexts.Logits(model);
        }

        Assert.Equal(0, device.AllocatedBytes);
    }

    [Fact]
    public void Load_OfMoreThanTheMemory_UsesAsFewLayersInPlaceAsItMust()
    {
        using var checkpoint = _models.Write(columns: 256);
        using var open = ComputeDevice.Open("cpu");
        var whole = MemoryPlan.Of(checkpoint.Config, checkpoint.Tensors, _models.Options(), open.Info).Parts[0];
        var expected = Logits(checkpoint, open, _models.Options());
        for (int layers = 0; layers < Layers; layers++)
        {
            long saved = whole.WeightBytes - Residency.Of(whole.Plan, layers, slots: 0).DeviceBytes;
            using var device = ComputeDevice.Open("cpu", new DeviceOptions { MemoryLimit = whole.TotalBytes - saved });
            using var model = MistralModel.Load(checkpoint, device, _models.Options());
            Assert.True(device.AllocatedBytes <= whole.TotalBytes - saved);
            Assert.Equal(layers, model.Parts[0].Residency.Streamed.Count);
            Assert.Equal(expected, TwoTexts.Logits(model));
        }
    }

    private static ComputeDevice OpenToCopy(string device)
    {
        TestDevice.Get(device);
        return ComputeDevice.Open(device, new DeviceOptions { Threads = 4, Without = DeviceFeatures.LayersInPlace });
    }
}
