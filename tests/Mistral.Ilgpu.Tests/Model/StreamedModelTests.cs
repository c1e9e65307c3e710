using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>
/// A model whose layers come to the device in every pass computes the bits of one that is there as a whole. So does one whose
/// layers are used in place, as CPUs do unless they are told to copy.
/// </summary>
public sealed class StreamedModelTests : IDisposable
{
    private const int Layers = 7;

    // Layers in files. With all of them, the embedding and the output matrix would have a file too.
    private const int Kept = 6;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Devices => TestDevice.AllWithCudaLong;

    public static TheoryData<string> Cpus => TestDevice.Rows("cpu", "opencl");

    public static TheoryData<string, TensorFormat> Formats =>
        TestDevice.Rows<TensorFormat>(["cpu", "opencl"], TensorFormatExtensions.Encodable);

    public void Dispose() => _folder.Dispose();

    // All layers, so that two slots are all there is, more than half of them, and the fewest that save memory.
    [Theory]
    [MemberData(nameof(Devices))]
    public void Logits_OfStreamedLayers_AreThoseOfResidentOnes(string device)
    {
        using var checkpoint = Write();
        var expected = Logits(checkpoint, TestDevice.Get(device), Options());
        foreach (int streamed in new[] { Layers, 4, 3 })
        {
            Assert.Equal(expected, Logits(checkpoint, TestDevice.Get(device), Options(streamed)));
        }
    }

    [Theory]
    [MemberData(nameof(Cpus))]
    public void Logits_OfCopiedLayers_AreThoseOfResidentOnes(string cpu)
    {
        using var checkpoint = Write();
        using var device = OpenToCopy(cpu);
        var expected = Logits(checkpoint, device, Options());
        foreach (int streamed in new[] { Layers, 4, 3 })
        {
            using var model = MistralModel.Load(checkpoint, device, Options(streamed));
            Assert.NotNull(model.Parts[0].Transfers);
            Assert.Equal(expected, TwoTexts.Logits(model));
        }
    }

    [Theory]
    [MemberData(nameof(Cpus))]
    public void Load_ToACpu_UsesLayersInPlace(string device)
    {
        using var checkpoint = Write();
        using var model = MistralModel.Load(checkpoint, TestDevice.Get(device), Options(Layers));
        Assert.Null(model.Parts[0].Transfers);
        Assert.True(model.Parts[0].Residency.IsInPlace);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Logits_OfEveryFormat_AreThoseOfResidentLayers(string device, TensorFormat format)
    {
        using var checkpoint = Write(columns: 256);
        Assert.Equal(
            Logits(checkpoint, TestDevice.Get(device), Options() with { WeightType = format }),
            Logits(checkpoint, TestDevice.Get(device), Options(Layers) with { WeightType = format }));
    }

    [Fact]
    public void Load_OfKeptLayers_PacksNothingAgain()
    {
        using var checkpoint = Write();
        var device = TestDevice.Get("cpu");
        var expected = Logits(checkpoint, device, Options(Kept));
        var files = Files().Order().Select(file => (Name: file, Bytes: File.ReadAllBytes(file))).ToList();
        Assert.Equal(Kept, files.Count);

        // The weights of another layer, in a file that is whole, are taken. So nothing is packed again.
        File.WriteAllBytes(files[0].Name, files[1].Bytes);
        Assert.NotEqual(expected, Logits(checkpoint, device, Options(Kept)));
        File.WriteAllBytes(files[0].Name, files[0].Bytes);
        // Layers are shared by models of which more or fewer stay on the device.
        Assert.Equal(expected, Logits(checkpoint, device, Options(4)));
        Assert.Equal(Kept, Files().Count());
    }

    [Theory]
    [InlineData(5000, false)]
    [InlineData(0, false)]
    [InlineData(16, false)]
    [InlineData(0, true)]
    public void Load_OfDamagedLayers_PacksThemAgain(int at, bool isShort)
    {
        using var checkpoint = Write();
        var device = TestDevice.Get("cpu");
        var expected = Logits(checkpoint, device, Options(Layers));
        string damaged = Files().Order().First();
        byte[] whole = File.ReadAllBytes(damaged);
        byte[] bytes = isShort ? whole[..^1] : [.. whole];
        bytes[at] ^= 1;
        File.WriteAllBytes(damaged, bytes);

        Assert.Equal(expected, Logits(checkpoint, device, Options(Layers)));
        Assert.Equal(whole, File.ReadAllBytes(damaged));
    }

    [Fact]
    public void Load_WhereNothingCanBeKept_KeepsLayersInMemoryAndTells()
    {
        using var checkpoint = Write();
        using var device = ComputeDevice.Open("cpu");
        // A file where the folder would be.
        string file = _folder.File("file");
        File.WriteAllText(file, "");
        var told = new List<string>();
        device.OnDrawback = told.Add;
        Assert.Equal(
            Logits(checkpoint, device, Options()), Logits(checkpoint, device, Options(Layers) with { LayerFolder = file }));
        Assert.StartsWith("layers are kept in host memory", Assert.Single(told), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_WithoutACache_WritesNothing()
    {
        using var checkpoint = Write();
        var device = TestDevice.Get("cpu");
        Assert.Equal(
            Logits(checkpoint, device, Options()), Logits(checkpoint, device, Options(Layers) with { LayerCacheBytes = 0 }));
        Assert.Empty(Files());
    }

    // The second load packs nothing, and takes no memory for layers.
    [Theory]
    [MemberData(nameof(Cpus))]
    public void Load_OfLayersThatTakeLongToPack_UsesThemInPlace(string device)
    {
        using var checkpoint = Write();
        var expected = Logits(checkpoint, TestDevice.Get(device), Options());
        var options = Options() with { KeptFrom = 1 };
        for (int load = 0; load < 2; load++)
        {
            using var model = MistralModel.Load(checkpoint, TestDevice.Get(device), options);
            Assert.True(model.Parts[0].Residency is { IsInPlace: true, Streamed.Count: Layers });
            Assert.Equal(expected, TwoTexts.Logits(model));
            Assert.Equal(Layers + 1, Files().Count());
        }

        using var whole = MistralModel.Load(checkpoint, TestDevice.Get(device), options with { LayerCacheBytes = 0 });
        Assert.False(whole.Parts[0].Residency.IsInPlace);
    }

    [Fact]
    public void Load_BeyondTheCachesLimit_DeletesWhatWasNotUsedForLongest()
    {
        using var checkpoint = Write();
        var device = TestDevice.Get("cpu");
        Logits(checkpoint, device, Options(Kept));
        long one = new FileInfo(Files().First()).Length;
        var before = Files().ToHashSet();
        foreach (string file in before)
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-1));
        }

        // Of a process that was killed.
        string part = Path.Combine(Folder, "0.layer.1.part");
        File.WriteAllText(part, "x");
        File.SetLastWriteTimeUtc(part, DateTime.UtcNow.AddDays(-1));
        using var other = Write(seed: 2);
        var limited = Options(Kept) with { LayerCacheBytes = 10 * one };
        Assert.Equal(Logits(other, device, Options()), Logits(other, device, limited));
        Assert.Equal(10, Files().Count());
        Assert.Equal(4, Files().Count(before.Contains));
        Assert.False(File.Exists(part));

        // What is in use is not deleted for the rest, which stays in memory.
        using var third = Write(seed: 3);
        Assert.Equal(Logits(third, device, Options()), Logits(third, device, Options(Kept) with { LayerCacheBytes = 2 * one }));
        Assert.Equal(2, Files().Count());
    }

    [Fact]
    public void Pass_AfterOneThatWasBrokenOff_HasItsOwnLayers()
    {
        using var checkpoint = Write();
        using var device = OpenToCopy("cpu");
        var expected = Logits(checkpoint, device, Options());
        using var model = MistralModel.Load(checkpoint, device, Options(Layers));
        for (int steps = 1; steps < 40; steps += 5)
        {
            using (model.Decorate(part => new Breaking(part.Runner, part.Direct, steps)))
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
        using var checkpoint = Write();
        using var device = isCopied ? OpenToCopy("cpu") : ComputeDevice.Open("cpu");
        using var model = MistralModel.Load(checkpoint, device, Options(Layers));
        var expected = TwoTexts.Logits(model);
        string file = Files().Order().First();
        byte[] bytes = File.ReadAllBytes(file);
        using (var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            stream.SetLength(4100);
            // Layers that are in their slots before the file shrank may still be used once.
            var error = Assert.Throws<ModelFileException>(() => Enumerable.Range(0, 3).Select(_ => TwoTexts.Logits(model)).ToList());
            Assert.Matches($"^{file}: found its end at byte 4100, {message}$", error.Message);
            stream.Write(bytes);
        }

        Assert.Equal(expected, TwoTexts.Logits(model));
    }

    [Fact]
    public void Dispose_OfAModelThatStreams_FreesItsMemory()
    {
        using var checkpoint = Write();
        using var device = ComputeDevice.Open("cpu");
        using (var whole = MistralModel.Load(checkpoint, device, Options()))
        {
            using var model = MistralModel.Load(checkpoint, device, Options(Layers));
            Assert.True(model.Parts[0].Residency.DeviceBytes < whole.Parts[0].Residency.DeviceBytes);
            TwoTexts.Logits(model);
        }

        Assert.Equal(0, device.AllocatedBytes);
    }

    [Fact]
    public void Load_OfMoreThanTheMemory_UsesAsFewLayersInPlaceAsItMust()
    {
        using var checkpoint = Write(columns: 256);
        using var open = ComputeDevice.Open("cpu");
        var whole = MemoryPlan.Of(checkpoint.Config, checkpoint.Tensors, Options(), open.Info).Parts[0];
        var expected = Logits(checkpoint, open, Options());
        for (int layers = 0; layers <= Layers; layers++)
        {
            long saved = whole.WeightBytes - Residency.Of(whole.Plan, layers, slots: 0).DeviceBytes;
            using var device = ComputeDevice.Open("cpu", new DeviceOptions { MemoryLimit = whole.TotalBytes - saved });
            using var model = MistralModel.Load(checkpoint, device, Options());
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

    private string Folder => _folder.File("layers");

    private IEnumerable<string> Files() => Directory.Exists(Folder) ? Directory.EnumerateFiles(Folder, "*.layer") : [];

    private ModelOptions Options(int? streamed = null) =>
        new(Chunk: 8, Sequences: 2, LayerFolder: Folder, StreamedLayers: streamed);

    private Checkpoint Write(int columns = 24, int seed = 1)
    {
        var random = new RandomCheckpoint(seed);
        random.Config["num_hidden_layers"] = Layers;
        (random.Config["hidden_size"], random.Config["intermediate_size"]) = (columns, columns);
        string folder = _folder.File($"model-{columns}-{seed}");
        random.Write(folder);
        return Checkpoint.Open(folder);
    }

    private static List<float> Logits(Checkpoint checkpoint, ComputeDevice device, ModelOptions options)
    {
        using var model = MistralModel.Load(checkpoint, device, options);
        return TwoTexts.Logits(model);
    }

    private sealed class Breaking(IPassRunner inner, DirectPasses direct, int steps) : WalkedPasses(inner, direct)
    {
        private int _left = steps;

        public override void Launch(Step step, Pass pass)
        {
            base.Launch(step, pass);
            if (--_left == 0)
            {
                throw new TimeoutException();
            }
        }
    }
}
