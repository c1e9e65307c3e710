using Mistral.Ilgpu.Execution.Devices;
using static Mistral.Ilgpu.Kernels.Tests.RaggedPasses;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Rotary positions, attention and cache rotation together, in every form, see <see cref="RaggedPasses"/>: which shapes
/// are tried where.</summary>
public sealed class AttendTests
{
    public static TheoryData<string, bool> All => WithShapes(TestDevice.AllWithCudaLong);

    public static TheoryData<string, bool> Grouped => WithShapes(TestDevice.GroupedWithCudaLong);

    [Theory]
    [MemberData(nameof(All))]
    public void LaneTiles_RaggedPassesOverRings_EqualReference(string name, bool isEveryShape) =>
        CheckShapes(TestDevice.Get(name), Form.Lanes, isEveryShape);

    [Fact]
    public void QuadTiles_RaggedPassesOverRings_EqualReference() => CheckShapes(TestDevice.Get("cpu"), Form.Quads, true);

    [Fact]
    public void VectorTiles_RaggedPassesOverRings_EqualReference() => CheckShapes(TestDevice.Get("cpu"), Form.Vectors, true);

    [Theory]
    [MemberData(nameof(Grouped))]
    public void AttentionGroup_RaggedPassesOverRings_EqualReference(string name, bool isEveryShape) =>
        CheckShapes(TestDevice.Get(name), Form.Group, isEveryShape);

    [Theory]
    [InlineData("cuda", Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    public void TensorAttention_RaggedPassesOverRings_EqualsReference(string name)
    {
        var device = TestDevice.Get(name);
        // Every room for a head, full and not. Windows below, at and beside what is taken at once. Groups that fill a warp's rows
        // and not.
        var shapes = new List<Shape>
        {
            new(21, 1, 3, 64, 16, 60), new(64, 2, 4, 32, 16, 150), new(50, 1, 5, 80, 32, 120), new(33, 1, 16, 128, 16, 90), new(17, 1, 1, 256, 16, 50), new(300, 1, 2, 48, 16, 420),
        };
        if (!TestDevice.IsInterpreted(device))
        {
            shapes.AddRange([new(1, 1, 1, 32, 16, 40), new(130, 2, 4, 128, 16, 400), new(700, 1, 4, 128, 64, 2100), new(100, 1, 2, 256, 16, 300), new(90, 1, 4, 192, 16, 200)]);
        }

        // The two differ in how they are rounded alone.
        int both = TestDevice.IsInterpreted(device) ? 2 : shapes.Count;
        foreach (var (index, shape) in shapes.Index())
        {
            Check<Float16, ushort>(device, shape, TensorFormat.Float16, Form.Tensor, 4e-3, passes: 5);
            if (index < both)
            {
                Check<BFloat16, ushort>(device, shape, TensorFormat.BFloat16, Form.Tensor, 3e-2, passes: 3);
            }
        }
    }

    // Both sizes of heads; windows below, at and beside a tile's length, and rings that turn; heads that fill a group and not, and
    // more than one group's; splits in which a warp has a tile, several and none.
    [Theory]
    [InlineData(64, 1, 21, 4, 60, Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    [InlineData(64, 3, 1, 4, 40)]
    [InlineData(64, 8, 64, 1, 150, Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    [InlineData(64, 12, 17, 4, 50)]
    [InlineData(128, 2, 90, 5, 200)]
    [InlineData(128, 4, 33, 4, 90)]
    [InlineData(128, 5, 16, 1, 60, Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    [InlineData(128, 7, 300, 9, 330, Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    public void QuantAttention_RaggedPassesOverRings_EqualsReference(int headDim, int group, int window, int splitTiles, int length) =>
        Check<Int8Cache, sbyte>(
            TestDevice.Get("cuda"), new Shape(window, 2, group, headDim, 16, length), TensorFormat.Q8_0, Form.TensorQuants, 6e-2,
            passes: 5, splitTiles: splitTiles);

    // Of a text longer than the window, so that the token's own slot is one that the other split has in its tiles.
    [Theory]
    [InlineData("cuda")]
    public void TensorAttention_TokensInTwoSplitsOneAfterTheOther_EqualReference(string name) =>
        Check<Float16, ushort>(
            TestDevice.Get(name), new Shape(90, 2, 2, 32, 16, 260), TensorFormat.Float16, Form.Tensor, 4e-3, passes: 4,
            prompt: 120);

    [Theory]
    [InlineData("cuda")]
    public void TensorAttention_MoreSplitsThanAreJoinedAtOnce_EqualReference(string name) =>
        Check<Float16, ushort>(
            TestDevice.Get(name), new Shape(200, 1, 3, 48, 16, 300), TensorFormat.Float16, Form.Tensor, 4e-3, passes: 3, prompt: 150, splitTiles: 1);

    // Tiles of warpgroups are taken in parts: of 25 tokens 12, 12 and one.
    [Theory]
    [InlineData("cuda")]
    public void TensorAttention_TilesInParts_HaveTheSameBits(string name)
    {
        var shape = new Shape(21, 1, 5, 32, 16, 60);
        float[] qkv = new RandomData().Floats((long)shape.Length * shape.Columns, 2);
        Assert.Equal(Of(12), Of(25));

        float[] Of(int tokens) =>
            Prompt<Float16, ushort>(TestDevice.Get(name), shape, TensorFormat.Float16, Form.Tensor, qkv, tokens);
    }

    // OpenCL's drivers compile each shape for seconds: those that repeat others are run by hand.
    private static TheoryData<string, bool> WithShapes(TheoryData<string> devices) =>
    [
        .. devices.Select(device => Row(device, isEveryShape: false)),
        .. devices.Where(device => device.Data == "opencl").Select(device => Needs.ByHand(Row(device, isEveryShape: true))),
    ];

    private static TheoryDataRow<string, bool> Row(TheoryDataRow<string> device, bool isEveryShape)
    {
        var row = new TheoryDataRow<string, bool>(device.Data, isEveryShape) { Explicit = device.Explicit };
        foreach (var (name, values) in device.Traits)
        {
            row.Traits.Add(name, values);
        }

        return row;
    }

    private static void CheckShapes(ComputeDevice device, Form form, bool isEveryShape)
    {
        if (form == Form.Lanes && device.Info.Kind == DeviceKind.Cpu)
        {
            // Local memory is an allocation there, and slow; other forms run on that device.
            Check<Float16, ushort>(device, new Shape(21, 1, 3, 32, 16, 40), TensorFormat.Float16, form, 4e-3, passes: 4);
            return;
        }

        if (form == Form.Group && device.Info.Kind == DeviceKind.Cpu)
        {
            // A barrier costs a tenth of a millisecond there.
            Check<Float32, float>(device, new Shape(21, 1, 3, 32, 16, 40), TensorFormat.Float32, form, 2e-5, passes: 4);
            Check<Int8Cache, sbyte>(device, new Shape(17, 2, 1, 32, 16, 40), TensorFormat.Q8_0, form, 6e-2, passes: 4);
            return;
        }

        if (TestDevice.IsInterpreted(device))
        {
            // Some shapes of all there are below: instructions are run one by one there.
            Check<Float32, float>(device, new Shape(21, 1, 3, 64, 32, 60), TensorFormat.Float32, form, 2e-5, passes: 5);
            Check<Float32, float>(device, new Shape(300, 1, 2, 32, 16, 400), TensorFormat.Float32, form, 2e-5, passes: 5);
            // More heads to a kv head than queries fit in a tile's shared memory.
            Check<Float32, float>(device, new Shape(20, 1, 20, 32, 16, 24), TensorFormat.Float32, form, 2e-5, passes: 3);
            Check<Float16, ushort>(device, new Shape(16, 2, 4, 32, 16, 50), TensorFormat.Float16, form, 4e-3, passes: 4);
            Check<BFloat16, ushort>(device, new Shape(33, 2, 2, 48, 16, 50), TensorFormat.BFloat16, form, 3e-2, passes: 4);
            Check<Int8Cache, sbyte>(device, new Shape(37, 2, 4, 32, 16, 50), TensorFormat.Q8_0, form, 6e-2, passes: 4);
            return;
        }

        // Windows of one, below, at and beside a tile's length, longer than the text; odd groups; pages of one tile and of
        // several.
        Shape[] some = [new(1, 1, 1, 32, 16, 40), new(21, 1, 3, 64, 32, 90), new(33, 2, 2, 48, 16, 80), new(17, 1, 1, 256, 16, 40)];
        Shape[] others =
        [
            new(16, 2, 4, 32, 16, 70), new(64, 1, 8, 32, 48, 150), new(200, 1, 1, 32, 16, 60), new(40, 1, 5, 128, 16, 60),
        ];
        bool isShort = !isEveryShape && device.Info.Kind == DeviceKind.OpenCl;
        foreach (var shape in isShort ? some : [.. some, .. others])
        {
            Check<Float32, float>(device, shape, TensorFormat.Float32, form, 2e-5, passes: isShort ? 4 : 8);
        }

        var mixed = new Shape(37, 2, 4, 32, 16, 100);
        Check<Float16, ushort>(device, mixed, TensorFormat.Float16, form, 4e-3);
        Check<Int8Cache, sbyte>(device, mixed, TensorFormat.Q8_0, form, 6e-2);
        if (isShort)
        {
            return;
        }

        var long1 = new Shape(700, 1, 4, 32, 16, 900);
        Check<Float32, float>(device, long1, TensorFormat.Float32, form, 2e-5, passes: 12);
        Check<BFloat16, ushort>(device, mixed, TensorFormat.BFloat16, form, 3e-2);
    }
}
