using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>A model whose layers are split over devices of one family computes the bits of one device.</summary>
public sealed class SplitModelTests : IDisposable
{
    private const int Layers = 7;

    // Between families: the sums of a row have another order, and caches round to 16 bits.
    private const double Tolerance = 1e-3;

    private readonly TemporaryFolder _folder = new();
    private readonly List<ComputeDevice> _opened = [];

    public static TheoryData<string> Devices => TestDevice.AllWithCudaLong;

    public void Dispose()
    {
        _opened.ForEach(device => device.Dispose());
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Logits_OfSplitLayers_AreThoseOfOneDevice(string device)
    {
        using var checkpoint = Write();
        var expected = Logits(checkpoint, TestDevice.Get(device), Options());
        foreach (double[] split in new double[][] { [1, 1], [6, 1], [1, 3, 3] })
        {
            Assert.Equal(expected, Logits(checkpoint, Open(device, split.Length), Options() with { Split = split }));
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Logits_OfSplitAndStreamedLayers_AreThoseOfOneDevice(string device)
    {
        using var checkpoint = Write();
        Assert.Equal(
            Logits(checkpoint, TestDevice.Get(device), Options()),
            Logits(checkpoint, Open(device, 2), Options() with { StreamedLayers = 3 }));
    }

    [Theory]
    [InlineData("opencl", "cpu", Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData("cpu", "opencl", Traits = [Needs.Trait, Needs.OpenCl])]
    public void Logits_OfDevicesOfTwoFamilies_AreThoseOfEither(string first, string second)
    {
        using var checkpoint = Write();
        var devices = new DeviceList(TestDevice.Get(first), TestDevice.Get(second));
        var found = Logits(checkpoint, devices, Options());
        foreach (string device in new[] { first, second })
        {
            var expected = Logits(checkpoint, TestDevice.Get(device), Options());
            double error = Math.Sqrt(
                found.Zip(expected, (a, b) => ((double)a - b) * (a - b)).Sum() / expected.Sum(b => (double)b * b));
            Assert.InRange(error, 0, Tolerance);
        }
    }

    [Fact]
    public void Load_OfSplitLayers_TakesThePlannedMemoryOfEachDevice()
    {
        using var checkpoint = Write();
        // Other tests allocate memory of shared devices meanwhile.
        var devices = new DeviceList(OpenLimited(1L << 30), OpenLimited(1L << 30));
        var options = Options() with { Split = [2, 1] };
        var plan = MemoryPlan.Of(
            checkpoint.Config, checkpoint.Tensors, options,
            [.. devices.Select(one => new DeviceRoom(one.Info, one.AvailableBytes))]);
        using (var model = MistralModel.LoadUntested(checkpoint, devices, options))
        {
            Assert.Equal([5, 2], plan.Parts.Select(part => part.Plan.Layers.Count));
            Assert.Equal(plan.Parts.Select(part => part.TotalBytes), devices.Select(one => one.AllocatedBytes));
        }

        Assert.All(devices, one => Assert.Equal(0, one.AllocatedBytes));
    }

    [Fact]
    public void Load_ToMemoryOfDifferentSizes_FillsItEqually()
    {
        using var checkpoint = Write(columns: 256);
        long whole = MemoryPlan.Of(checkpoint.Config, checkpoint.Tensors, Options(), TestDevice.Get("cpu").Info).TotalBytes;
        var devices = new DeviceList(OpenLimited(whole * 4 / 3), OpenLimited(whole * 2 / 3));
        using var model = MistralModel.Load(checkpoint, devices, Options());
        Assert.InRange(model.Parts[0].Plan.Layers.Count, 4, 6);
        Assert.All(model.Parts, part => Assert.Empty(part.Residency.Streamed));
        var filled = devices.Select(
            device => device.AllocatedBytes / (double)(device.AllocatedBytes + device.AvailableBytes)).ToList();
        Assert.InRange(filled[1] - filled[0], -0.2, 0.2);
    }

    // The PTX machine is a GPU: a CPU beside it takes layers only where memory is short, if that is estimated to be faster.
    [Fact]
    public void Load_ToAGpuAndACpu_UsesTheCpuOnlyWhereItHelps()
    {
        using var checkpoint = Write(columns: 256);
        var (gpu, cpu) = (TestDevice.Get("cuda"), TestDevice.Get("cpu"));
        long whole = MemoryPlan.Of(checkpoint.Config, checkpoint.Tensors, Options(), gpu.Info).TotalBytes;
        Assert.Equal(["cuda:0"], Devices(whole));
        Assert.Equal(["cuda:0", "cpu"], Devices(whole * 3 / 4));

        IEnumerable<string> Devices(long memory) => MemoryPlan.Of(
            checkpoint.Config, checkpoint.Tensors, Options(), [new(gpu.Info, memory), new(cpu.Info, 1L << 30, 1)])
            .Parts.Select(part => part.Room.Info.Id);
    }

    [Fact]
    public void Load_ToAGpuThatIsTooSmallAndACpu_ChoosesByItsEstimate()
    {
        using var checkpoint = Write(columns: 256);
        var cpu = TestDevice.Get("cpu");
        var gpu = TestDevice.Get("cuda");
        long whole = MemoryPlan.Of(checkpoint.Config, checkpoint.Tensors, Options(), gpu.Info).TotalBytes;
        var devices = new DeviceList(gpu, cpu);
        DeviceRoom[] rooms = [new(gpu.Info, whole * 3 / 4), new(cpu.Info, 1L << 30, 1)];
        var fitted = MemoryPlan.Require(checkpoint, Options(), rooms);
        var (chosen, reason) = SpareChoice.Of(checkpoint, devices, rooms, Options(), fitted);
        Assert.Matches(
            "^cpu would compute [1-6] layers of a token in .* ms, streaming [1-7] would take .* ms; layers are ", reason);
        bool computes = reason!.EndsWith("computed there", StringComparison.Ordinal);
        Assert.Equal(computes ? 2 : 1, chosen.Memory.Parts.Count);
        Assert.Equal(!computes, chosen.Memory.Parts[0].Residency.Streamed.Count > 0);
        Assert.True(chosen.Memory.Fits);
    }

    [Fact]
    public void Load_ToTooLittleMemoryOfTheSecondDevice_NamesItsNeed()
    {
        using var checkpoint = Write(columns: 256);
        long part = MemoryPlan.Of(
            checkpoint.Config, checkpoint.Tensors, Options() with { Split = [1, 1] },
            [new(TestDevice.Get("cpu").Info, long.MaxValue), new(TestDevice.Get("cpu").Info, long.MaxValue)]).Parts[1].TotalBytes;
        var devices = new DeviceList(OpenLimited(1L << 30), OpenLimited(part / 5));
        var error = Assert.Throws<ModelMemoryException>(
            () => MistralModel.Load(checkpoint, devices, Options() with { Split = [1, 1] }));
        Assert.Equal(part / 5, error.AvailableBytes);
        Assert.Contains("does not fit device cpu: it needs", error.Message, StringComparison.Ordinal);
        Assert.All(devices, device => Assert.Equal(0, device.AllocatedBytes));
    }

    [Fact]
    public void Load_ToMoreDevicesThanLayers_IsRefused()
    {
        using var checkpoint = Write(layers: 2);
        var error = Assert.Throws<DeviceException>(() => MistralModel.Load(checkpoint, Open("cpu", 3), Options()));
        Assert.Equal("3 devices for 2 layers, expected at most one for each", error.Message);
    }

    [Fact]
    public void Pass_ThatBreaksOffOnTheSecondDevice_LeavesTheModelUsable()
    {
        using var checkpoint = Write();
        var expected = Logits(checkpoint, TestDevice.Get("cpu"), Options());
        using var model = MistralModel.Load(checkpoint, Open("cpu", 2), Options());
        using (model.Decorate(part =>
            part == model.Parts[1] ? new BreakingPasses(part.Runner, part.Direct, steps: 5) : part.Runner))
        {
            Assert.Throws<TimeoutException>(() => TwoTexts.Logits(model));
        }

        Assert.Equal(expected, TwoTexts.Logits(model));
        Assert.Equal(model.Cache.Bytes, model.Cache.Sequences.AvailableBytes);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Adapters_OfSplitLayers_GiveTheLogitsOfOneDevice(string device)
    {
        using var checkpoint = Write();
        var adapter = new LoraOptions(
            RandomAdapter.Write(
                _folder.File("adapter"), checkpoint.Config, 1, TensorNames.Query(0), TensorNames.Gate(Layers - 1)), 2);
        var none = Logits(checkpoint, TestDevice.Get(device), Options());
        var adapted = Logits(checkpoint, TestDevice.Get(device), Options() with { Adapters = [adapter] });
        Assert.NotEqual(none, adapted);
        Assert.Equal(adapted, Logits(checkpoint, Open(device, 2), Options() with { Adapters = [adapter] }));

        using var model = MistralModel.Load(checkpoint, Open(device, 2), Options());
        long bytes = model.Devices.AllocatedBytes;
        int index = model.Adapters.Reserve("adapter");
        model.LoadAdapter(index, adapter, TestContext.Current.CancellationToken);
        Assert.Equal(none, TwoTexts.Logits(model));
        model.AdaptersOn = 1UL << index;
        Assert.Equal(adapted, TwoTexts.Logits(model));
        model.AdaptersOn = 0;
        model.UnloadAdapter(index);
        Assert.Equal(none, TwoTexts.Logits(model));
        Assert.Equal(bytes, model.Devices.AllocatedBytes);
    }

    [Fact]
    public void Score_AndHiddenStates_AreThoseOfOneDevice()
    {
        using var checkpoint = Write();
        int[] ids = [.. Enumerable.Range(0, 20).Select(i => 3 + (i * 5 % 30))];
        using var one = MistralModel.Load(checkpoint, TestDevice.Get("cpu"), Options());
        using var split = MistralModel.Load(checkpoint, Open("cpu", 2), Options());
        Assert.Equal(Scores(one), Scores(split));

        List<float> Scores(MistralModel model)
        {
            var all = new List<float>();
            using var text = new ModelText(model);
            text.Score(ids, (_, logits) => all.AddRange(logits), TestContext.Current.CancellationToken);
            var hidden = new float[4 * model.Config.Dim];
            model.ReadHidden(0, 4, hidden);
            return [.. all, .. hidden];
        }
    }

    [Fact]
    public void Prefix_OfAnotherText_IsSharedOnEachDevice()
    {
        using var checkpoint = Write();
        int[] ids = [.. Enumerable.Range(0, 40).Select(i => 3 + (i * 7 % 30))];
        var options = Options() with { SlidingWindow = 64 };
        using var one = MistralModel.Load(checkpoint, TestDevice.Get("cpu"), options);
        using var split = MistralModel.Load(checkpoint, Open("cpu", 2), options);
        Assert.Equal(Twice(one), Twice(split));

        List<float> Twice(MistralModel model)
        {
            var all = new List<float>();
            var logits = new float[model.Config.VocabularySize];
            for (int i = 0; i < 2; i++)
            {
                using var text = model.TryOpen(60, ids)!;
                Assert.Equal(i == 0, text.Position == 0);
                var batch = new Batch();
                while (text.Position < ids.Length)
                {
                    int count = model.ChunkLength(text.Position, ids.Length - text.Position);
                    batch.Clear();
                    batch.Prefill(text, ids.AsMemory(text.Position, count), wantsLogits: text.Position + count == ids.Length);
                    model.Forward(batch);
                }

                model.ReadLogits(0, logits);
                all.AddRange(logits);
            }

            return all;
        }
    }

    private static ModelOptions Options() => new(Chunk: 8, Sequences: 2, LayerCacheBytes: 0);

    private Checkpoint Write(int columns = 24, int layers = Layers)
    {
        var random = new RandomCheckpoint(1);
        random.Config["num_hidden_layers"] = layers;
        (random.Config["hidden_size"], random.Config["intermediate_size"]) = (columns, columns);
        random.Write(_folder.File("model"));
        return Checkpoint.Open(_folder.File("model"));
    }

    // The device, and more openings of it.
    private DeviceList Open(string device, int count)
    {
        var first = TestDevice.Get(device);
        ComputeDevice[] others = [.. Enumerable.Range(1, count - 1).Select(_ => TestDevice.IsInterpreted(first)
            ? TestDevice.OpenCounted()
            : ComputeDevice.Open(first.Info.Id, device == "cpu" ? new DeviceOptions { Threads = 4 } : null))];
        _opened.AddRange(others);
        return new DeviceList([first, .. others]);
    }

    private ComputeDevice OpenLimited(long bytes)
    {
        _opened.Add(ComputeDevice.Open("cpu", new DeviceOptions { MemoryLimit = bytes }));
        return _opened[^1];
    }

    private static List<float> Logits(Checkpoint checkpoint, DeviceList devices, ModelOptions options)
    {
        using var model = MistralModel.LoadUntested(checkpoint, devices, options);
        return TwoTexts.Logits(model);
    }
}
