namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Matrix products of warpgroups, <c>wgmma</c>, both factors of 16 bits in shared memory, k by k along their rows. Lane l of warp
/// w of the four has row 16w + l / 4, in registers 4j and 4j + 1 columns 8j + 2 (l mod 4) and the next. In 4j + 2 and 4j + 3 it
/// has the row 8 below. A product is summed exactly and rounded once.
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
        ref ulong r = ref warp.Registers(0);
        for (int lane = 1; lane < warp.Lanes; lane++)
        {
            if (Slot.As<ulong>(ref warp.Registers(lane), operands[0]) != Slot.As<ulong>(ref r, operands[0])
                || Slot.As<ulong>(ref warp.Registers(lane), operands[1]) != Slot.As<ulong>(ref r, operands[1]))
            {
                throw new PtxException($"the matrices of lane {lane} are others than lane 0's");
            }
        }

        if ((Slot.As<int>(ref r, operands[5]) | Slot.As<int>(ref r, operands[6])) != 0)
        {
            throw new PtxException("transposed matrices are not modelled");
        }

        Products(warp).Begin(new WarpgroupProduct(
            i, decode, new MatrixDescriptor(Slot.As<ulong>(ref r, operands[0])), new MatrixDescriptor(Slot.As<ulong>(ref r, operands[1])),
            Slot.As<bool>(ref r, operands[2]), Slot.As<int>(ref r, operands[3]) * Slot.As<int>(ref r, operands[4])));
    };

    private static WarpProducts Products(Warp warp) =>
        warp.Products ?? throw new PtxException("the group is not made of whole warpgroups of 128 threads");
}
