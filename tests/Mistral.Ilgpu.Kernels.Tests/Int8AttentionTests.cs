using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.PtxMachine.Driver;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// Attention of decoded tokens over caches of eight bits on tensor cores: when it is used, what comes in its place, its bits and
/// its instructions. <see cref="AttendTests"/> has its outputs. Runs alone, because it counts what the driver is asked for.
/// </summary>
[Collection(nameof(Int8AttentionTests))]
[CollectionDefinition(nameof(Int8AttentionTests), DisableParallelization = true)]
public sealed class Int8AttentionTests
{
    [Theory]
    [InlineData(64)]
    [InlineData(128)]
    public void Attends_OnDeviceThatHasIt_PassesItsTestOnce(int headDim)
    {
        using var device = TestDevice.OpenCounted();
        CudaDriver.Counts = new CallCounts();
        Assert.True(Int8Attention.Of(device)!.Attends(headDim), device.Drawback);
        Assert.True(Int8Attention.Of(device)!.Attends(headDim));
        Assert.Equal((1, 1), (CudaDriver.Counts.Calls["cuModuleLoadDataEx"], CudaDriver.Counts.Launches));
    }

    [Fact]
    public void Attends_DriverRefusesTheKernel_SaysWhyNot()
    {
        using var device = TestDevice.OpenCounted();
        CudaDriver.Refused = "cuLaunchKernel";
        try
        {
            Assert.False(Int8Attention.Of(device)!.Attends(128));
        }
        finally
        {
            CudaDriver.Refused = null;
        }

        Assert.StartsWith("attention of decoded tokens over eight bits is without tensor cores: ", device.Drawback, StringComparison.Ordinal);
        Assert.False(Int8Attention.Of(device)!.Attends(128));
        Assert.True(Int8Attention.Of(device)!.Attends(64));
    }

    [Fact]
    public void LeaveOut_AfterItPassed_TurnsItOffOnce()
    {
        using var device = TestDevice.OpenCounted();
        Assert.True(Int8Attention.Of(device)!.Attends(64));
        Assert.True(Family.Of(device).LeaveOut(device, "of a test"));
        Assert.False(Family.Of(device).LeaveOut(device, "of another"));
        Assert.False(Int8Attention.Of(device)!.Attends(64));
        Assert.Contains("without tensor cores: of a test", device.Drawback, StringComparison.Ordinal);
    }

    // The next product finds its input in eight bits in either case.
    [Theory]
    [InlineData(nameof(DeviceFeatures.None), false, 1)]
    [InlineData(nameof(DeviceFeatures.None), true, 4)]
    [InlineData(nameof(DeviceFeatures.Int8Attention), false, 3)]
    public void DecodedToken_LaunchesWhatItNeeds(string without, bool isLeftOut, int launches)
    {
        using var device = TestDevice.OpenCounted(without: Enum.Parse<DeviceFeatures>(without));
        if (isLeftOut)
        {
            Assert.True(Int8Attention.Of(device)!.Attends(64));
            Assert.True(Family.Of(device).LeaveOut(device, "of a test"));
        }

        var binder = new Launches();
        var graph = PlannedModel.Bind(device, binder, TensorFormat.Q8_0, TensorFormat.Q8_0, headDim: 64, ActivationType.Int8);
        var pass = new Pass(1, 0, 1);
        pass.Add(new PassSpan(100, 1));
        var counts = new Dictionary<string, int>();
        foreach (var step in graph.StepsOf(pass))
        {
            int before = binder.Count;
            step.Launch(pass);
            counts[step.Kind] = binder.Count - before;
        }

        Assert.Equal(launches, counts["attend"]);
    }

    [Theory]
    [InlineData(TensorFormat.Q8_0, 96)]
    [InlineData(TensorFormat.Q8_0, 256)]
    [InlineData(TensorFormat.Float16, 128)]
    public void OtherCachesAndHeads_AreNotForIt(TensorFormat cache, int headDim)
    {
        using var device = TestDevice.OpenCounted();
        Assert.False(Int8Attention.IsFor(device.Info, cache, headDim));
    }

    // Texts of different lengths: the last has one split, the first several.
    [Theory]
    [InlineData(64, 3)]
    [InlineData(128, 9)]
    public void Token_InAnyBatch_HasTheSameBits(int headDim, int group)
    {
        var device = TestDevice.Get("cuda");
        var data = new RandomData();
        int[] positions = [209, 130, 60, 7];
        float[] qkv = data.Floats((long)positions.Length * (group + 2) * headDim, 2);
        var cache = new RandomQuantCache(device, data, headDim, tiles: 14 * positions.Length);
        float[] together = cache.Attend(group, qkv, [0, 1, 2, 3], positions);
        for (int text = 0; text < positions.Length; text++)
        {
            int row = (group + 2) * headDim;
            float[] alone = cache.Attend(group, qkv[(text * row)..((text + 1) * row)], [text], [positions[text]]);
            Assert.Equal(together[(text * group * headDim)..((text + 1) * group * headDim)], alone);
            Assert.True(Array.TrueForAll(alone, float.IsFinite));
        }
    }

    // Beside the cache's own rounding there is little: an eighth at most of what queries in eight bits would bring.
    [Theory]
    [InlineData(64)]
    [InlineData(128)]
    public void Token_OverWhatIsCached_IsFarCloserThanWithQueriesInEightBits(int headDim)
    {
        const int Group = 4, Position = 209;
        var data = new RandomData();
        // Scores of 4 and more; the token's own key and value are as large as those of the cache.
        float[] qkv = [.. data.Floats(Group * headDim, 12), .. data.Floats(2 * headDim, 0.6f)];
        var cache = new RandomQuantCache(TestDevice.Get("cuda"), data, headDim, tiles: 14);
        float[] found = cache.Attend(Group, qkv, [0], [Position]);
        double[] exact = cache.Exact(Group, qkv, 0, Position, run => run);
        double[] ofBytes = cache.Exact(Group, qkv, 0, Position, run => [.. run.Select(q => Math.Round(q * 127 / run.Max(Math.Abs)) * run.Max(Math.Abs) / 127)]);
        double ours = Rms(exact.Zip(found, (right, value) => value - right));
        double theirs = Rms(exact.Zip(ofBytes, (right, value) => value - right));
        TestContext.Current.TestOutputHelper?.WriteLine($"rms error {ours:g3}, {theirs:g3} with queries in eight bits, of outputs of {Rms(exact):g3}");
        Assert.True(ours <= theirs / 8, $"rms error {ours:g3}, {theirs:g3} with queries in eight bits, of outputs of {Rms(exact):g3}");

        static double Rms(IEnumerable<double> values) => Math.Sqrt(values.Average(value => value * value));
    }

    public static TheoryData<string, int, int> Counts => new()
    {
        { "DecodeAttendQuants<TwoRunPairs>", 80, 490 }, { "DecodeAttendQuants<TwoRunPairs>", 86, 485 },
        { "DecodeAttendQuants<TwoRunPairs>", 89, 485 }, { "DecodeAttendQuants<TwoRunPairs>", 90, 500 },
        { "DecodeAttendQuants<RunPair>", 80, 360 }, { "DecodeAttendQuants<RunPair>", 86, 350 },
        { "DecodeAttendQuants<RunPair>", 89, 350 }, { "DecodeAttendQuants<RunPair>", 90, 355 },
    };

    // A round is a tile of 16 keys for eight heads, what hides keys included. Of each run it has two products of bytes and two of
    // halves.
    [Theory]
    [MemberData(nameof(Counts))]
    public void Form_Assembled_TakesFewInstructions(string kernel, int architecture, int mostInstructions)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var (resources, code) = MachineCode.Of(form, architecture);
        Assert.Equal(0, resources.SpillBytes);
        Assert.DoesNotContain("LDL", code, StringComparison.Ordinal);
        Assert.DoesNotContain("STL", code, StringComparison.Ordinal);
        Assert.InRange(Occupancy.Of(resources, form.GroupSize!.Value, architecture)!.Warps, 12, 64);
        string[] round = NvidiaLoops.Of(code).Select(NvidiaLoops.Names)
            .Where(loop => loop.Any(instruction => instruction.StartsWith("IMMA.16832.S8.S8", StringComparison.Ordinal)))
            .MinBy(loop => loop.Length)!;
        int runs = kernel.Contains("Two", StringComparison.Ordinal) ? 4 : 2;
        Assert.Equal(2 * runs, round.Count(instruction => instruction.StartsWith("IMMA", StringComparison.Ordinal)));
        Assert.Equal(2 * runs, round.Count(instruction => instruction == "HMMA.16816.F32"));
        Assert.Equal(2 * runs, round.Count(instruction => instruction == "LDSM.16.MT88.4"));
        Assert.Equal((2 * runs) + 2, round.Count(instruction => instruction == "LDGSTS.E.BYPASS.128"));
        Assert.InRange(round.Length, 1, mostInstructions);
    }

    private sealed class Launches : IKernelBinder
    {
        public int Count { get; private set; }

        public Action<KernelConfig> Bind<TKernel>(TKernel kernel)
            where TKernel : struct, IKernel => _ => Count++;

        public Lazy<Launch> Later(Func<Launch> make) => new(make);
    }
}
