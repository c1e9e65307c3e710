using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using static Mistral.Ilgpu.Kernels.Tests.RaggedPasses;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// Attention of prompts on AMD's matrix cores, as <see cref="AttendTests"/>. On OpenCL the instructions are emulated as AMD's
/// manuals say which lane has what. On the CPU accelerator the C# bodies run, in groups that are one warp.
/// </summary>
public sealed class MatrixAttendTests
{
    // PoCL compiles a form for seconds.
    private static readonly string[] Devices = ["amd:wmma", "amd:wmma12", "amd:mfma"];

    public static TheoryData<string> Bodies =>
        [new("wmma"), .. new[] { new TheoryDataRow<string>("wmma12"), new("mfma") }.Select(Needs.ByHand)];

    public static TheoryData<string, int> Emulated =>
        TestDevice.Rows(Devices, [32, 128], (name, head) => (name, head) is not ("amd:mfma", 32));

    public static TheoryData<string, int> AllLong => TestDevice.Rows(Devices, [32, 128], (_, _) => true);

    [Theory]
    [MemberData(nameof(Bodies))]
    public void CSharpBodies_RaggedPassesOverRings_EqualReference(string core)
    {
        using var device = OpenBodies(core);
        Check<Float16, ushort>(device, new Shape(21, 1, 3, 32, 16, 40), TensorFormat.Float16, Form.Matrix, 4e-3, passes: 3);
    }

    // Windows of one, below, at and beside what is taken at once; groups that fill a wave's queries and not; heads that fill their
    // room and not.
    [Theory]
    [MemberData(nameof(Emulated))]
    public void MatrixAttention_RaggedPassesOverRings_EqualsReference(string name, int head)
    {
        var device = TestDevice.Get(name);
        Check<Float16, ushort>(device, new Shape(33, 2, 4, head, 16, 120), TensorFormat.Float16, Form.Matrix, 4e-3, passes: 5);
        Check<Float16, ushort>(device, new Shape(1, 1, 3, head - 16, 16, 40), TensorFormat.Float16, Form.Matrix, 4e-3, passes: 3);
        Check<Float16, ushort>(device, new Shape(80, 1, 5, head, 32, 150), TensorFormat.Float16, Form.Matrix, 4e-3, passes: 3);
    }

    [Theory]
    [MemberData(nameof(AllLong))]
    public void MatrixAttention_OverOtherCaches_EqualsReference(string name, int head)
    {
        var device = TestDevice.Get(name);
        Check<BFloat16, ushort>(device, new Shape(32, 1, 3, head, 16, 90), TensorFormat.BFloat16, Form.Matrix, 3e-2, passes: 4);
        Check<Int8Cache, sbyte>(device, new Shape(37, 2, 4, head, 16, 90), TensorFormat.Q8_0, Form.Matrix, 6e-2, passes: 4);
    }

    // Wherever a query lies in a tile, and whichever keys the others of the tile see.
    [Theory]
    [MemberData(nameof(AllLong))]
    public void PromptToken_InAnyTile_HasTheSameBits(string name, int head) => CheckTiles(TestDevice.Get(name), head);

    [Fact(Explicit = true)]
    [Trait(Needs.Exhaustive, "formats")]
    public void PromptToken_InAnyTileOfTheBodies_HasTheSameBits()
    {
        using var device = OpenBodies("wmma");
        CheckTiles(device, 32);
    }

    private static void CheckTiles(ComputeDevice device, int head)
    {
        var shape = new Shape(21, 1, 4, head, 16, 50);
        float[] qkv = new RandomData().Floats((long)shape.Length * shape.Columns, 2);
        float[] together = Of(16);
        foreach (int tokens in new[] { 1, 3, 7 })
        {
            Assert.Equal(together, Of(tokens));
        }

        float[] Of(int tokens) => Prompt<Float16, ushort>(device, shape, TensorFormat.Float16, Form.Matrix, qkv, tokens);
    }

    private static ComputeDevice OpenBodies(string core) => ComputeDevice.Open("cpu", new DeviceOptions
    {
        Threads = GroupReduce.MaxGroupSize, Family = KernelFamily.Amd,
        Waves = core switch { "mfma" => WaveFeatures.Mfma, "wmma12" => WaveFeatures.Wmma12, _ => WaveFeatures.Wmma },
    });
}
