namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Matrix products of warpgroups, <c>wgmma</c>, both factors of 16 bits in shared memory, or the first in registers. In memory the
/// first lies k by k along its rows, the second likewise or transposed. Lane l of warp w of the four has row 16w + l / 4, in
/// registers 4j and 4j + 1 columns 8j + 2 (l mod 4) and the next. In 4j + 2 and 4j + 3 it has the row 8 below. Of a first factor
/// its four registers are two neighbours in k, those 8 rows below, and both 8 k further. A product is summed exactly and rounded
/// once.
/// </summary>
internal static class WarpgroupOperations
{
    public static WarpOperation? Find(string[] parts, int[] counts) => parts switch
    {
        ["wgmma", "fence", "sync", "aligned"] => (warp, _, _) => Products(warp).Fence(),
        ["wgmma", "commit_group", "sync", "aligned"] => (warp, _, _) => Products(warp).Commit(),
        ["wgmma", "wait_group", "sync", "aligned"] => (warp, _, i) => Products(warp).Wait(Slot.As<int>(ref warp.Registers(0), i.D)),
        ["wgmma", "mma_async", "sync", "aligned", var shape, "f32", ("f16" or "bf16") and var a, var b]
            when a == b && Columns(shape) is { } columns && counts.SequenceEqual([columns / 2, 1, 1, 1, 1, 1, 1, 1]) =>
            Begin(a == "bf16" ? Conversions.DecodeBFloat16 : Conversions.DecodeHalf),
        ["wgmma", "mma_async", "sync", "aligned", var shape, "f32", ("f16" or "bf16") and var a, var b]
            when a == b && Columns(shape) is { } columns && counts.SequenceEqual([columns / 2, 4, 1, 1, 1, 1, 1]) =>
            BeginOfRegisters(a == "bf16" ? Conversions.DecodeBFloat16 : Conversions.DecodeHalf),
        _ => null,
    };

    // m64n8k16 to m64n256k16
    private static int? Columns(string shape) =>
        shape.StartsWith("m64n", StringComparison.Ordinal) && shape.EndsWith("k16", StringComparison.Ordinal)
            && int.TryParse(shape.AsSpan(4, shape.Length - 7), out int columns)
        && columns is >= 8 and <= 256 && columns % 8 == 0 ? columns : null;

    // {sums}, a, b, whether they are added to, signs of a and b, whether a and b are transposed
    private static WarpOperation Begin(Func<ushort, float> decode) => (warp, _, i) =>
    {
        var operands = i.Operands.AsSpan(i.Counts[0]);
        RequireOneMatrix(warp, operands[..2]);
        ref ulong r = ref warp.Registers(0);
        if (Slot.As<int>(ref r, operands[5]) != 0)
        {
            throw new PtxException("a transposed first matrix is not modelled");
        }

        Products(warp).Begin(new WarpgroupProduct(
            i, decode, new MatrixDescriptor(Slot.As<ulong>(ref r, operands[0])),
            new MatrixDescriptor(Slot.As<ulong>(ref r, operands[1]), Slot.As<int>(ref r, operands[6]) != 0),
            Slot.As<bool>(ref r, operands[2]), Slot.As<int>(ref r, operands[3]) * Slot.As<int>(ref r, operands[4])));
    };

    // {sums}, {a}, b, whether they are added to, signs of a and b, whether b is transposed
    private static WarpOperation BeginOfRegisters(Func<ushort, float> decode) => (warp, _, i) =>
    {
        var operands = i.Operands.AsSpan(i.Counts[0] + i.Counts[1]);
        RequireOneMatrix(warp, operands[..1]);
        ref ulong r = ref warp.Registers(0);
        Products(warp).Begin(new WarpgroupProduct(
            i, decode, null, new MatrixDescriptor(Slot.As<ulong>(ref r, operands[0]), Slot.As<int>(ref r, operands[4]) != 0),
            Slot.As<bool>(ref r, operands[1]), Slot.As<int>(ref r, operands[2]) * Slot.As<int>(ref r, operands[3])));
    };

    private static void RequireOneMatrix(Warp warp, ReadOnlySpan<int> descriptors)
    {
        foreach (int descriptor in descriptors)
        {
            for (int lane = 1; lane < warp.Lanes; lane++)
            {
                if (Slot.As<ulong>(ref warp.Registers(lane), descriptor) != Slot.As<ulong>(ref warp.Registers(0), descriptor))
                {
                    throw new PtxException($"the matrices of lane {lane} are others than lane 0's");
                }
            }
        }
    }

    private static WarpProducts Products(Warp warp) =>
        warp.Products ?? throw new PtxException("the group is not made of whole warpgroups of 128 threads");
}
