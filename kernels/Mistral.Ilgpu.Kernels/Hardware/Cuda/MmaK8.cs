using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// Tensor cores of sm_75, which multiply IEEE halves: <c>mma.m16n8k8</c> (PTX ISA, 9.7.14). Weights are the left matrix, 16 rows,
/// and tokens the right one, 8 tokens. With block, half, row = lane / 4 and column = 2 × (lane mod 4): eight 2 block + half is of
/// row 16 block + 8 half + row, and its sum i of token 8 × (i / 2) + column + i mod 2. A load brings 16 rows × 16 columns, which
/// two products take. Columns are added in the order of products. What a product adds in which order the hardware chooses, the
/// same for every row and token.
/// </summary>
[CudaForm(75, GroupSize = MatrixTile.GroupSize, GroupsAtOnce = 1)]
public readonly struct MmaK8 : IMatrixCore
{
    // Lanes of a wave.
    private const int Width = 32;

    // Rows of a block.
    private const int Side = 16;

    private const int BlockBytes = Side * TileMemory.RowBytes;

    // Where the stages lie. ILGPU gives no address of shared memory. A view that is asked for one stays a generic pointer, and
    // passes through local memory. But what a kernel allocates first has this name in PTX, and the stages are all.
    private static uint Memory
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            CudaAsm.Emit("mov.u32 %0, __shared_alloca0;", out uint address);
            return address;
        }
    }

    static int IMatrixCore.Lanes => Width;

    static bool IMatrixCore.TakesTwoStages => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IMatrixCore.Row(int lane, int eight) => (eight * TensorLane.RowsApart) + (lane >> 2);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IMatrixCore.Token(int lane, int eight, int i) => ((i >> 1) * 8) + ((lane & 3) * 2) + (i & 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static WaveSums IMatrixCore.MultiplyAdd(WaveSums sums, ArrayView<Pack> memory, int stage, int row, int token, int piece)
    {
        uint tile = Memory + (uint)(stage * TileMemory.PieceBytes);
        uint weights = tile + Place(row, TensorLane.Index & (Side - 1), piece + (TensorLane.Index >> 4));
        // The first two of a load's four matrices are eight tokens, 16 columns of each.
        int own = (TensorLane.Index & 7) + ((TensorLane.Index >> 4) * 8);
        uint tokens = tile + Place(MatrixTile.Rows + token, own, piece + ((TensorLane.Index >> 3) & 1));
        var x = TileMemory.Load(tokens);
        var y = TileMemory.Load(tokens + BlockBytes);
        (sums.A, sums.B) = MultiplyAdd(sums.A, sums.B, TileMemory.Load(weights), x, y);
        (sums.C, sums.D) = MultiplyAdd(sums.C, sums.D, TileMemory.Load(weights + BlockBytes), x, y);
        (sums.E, sums.F) = MultiplyAdd(sums.E, sums.F, TileMemory.Load(weights + (2 * BlockBytes)), x, y);
        (sums.G, sums.H) = MultiplyAdd(sums.G, sums.H, TileMemory.Load(weights + (3 * BlockBytes)), x, y);
        return sums;
    }

    // Where a lane finds its piece of sixteen rows. The first row is a multiple of sixteen.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Place(int first, int row, int piece) =>
        (uint)(first * TileMemory.RowBytes) + TileMemory.At(row, piece);

    // 16 rows × 32 tokens.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (EightSums Upper, EightSums Lower) MultiplyAdd(
        EightSums upper, EightSums lower, Factors16x16 weights, Factors16x16 x, Factors16x16 y)
    {
        MultiplyAdd(ref upper.A, ref upper.B, ref lower.A, ref lower.B, weights, x.A, x.B);
        MultiplyAdd(ref upper.C, ref upper.D, ref lower.C, ref lower.D, weights, x.C, x.D);
        MultiplyAdd(ref upper.E, ref upper.F, ref lower.E, ref lower.F, weights, y.A, y.B);
        MultiplyAdd(ref upper.G, ref upper.H, ref lower.G, ref lower.H, weights, y.C, y.D);
        return (upper, lower);
    }

    // 16 rows × 8 tokens, eight columns and then eight more.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyAdd(
        ref float upperA, ref float upperB, ref float lowerA, ref float lowerB, Factors16x16 weights, uint first, uint second)
    {
        Ref<float> s0 = upperA, s1 = upperB, s2 = lowerA, s3 = lowerB;
        Input<uint> a0 = weights.A, a1 = weights.B, a2 = weights.C, a3 = weights.D, b0 = first, b1 = second;
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%8}, {%0, %1, %2, %3}; " +
            "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%6, %7}, {%9}, {%0, %1, %2, %3};",
            ref s0, ref s1, ref s2, ref s3, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1);
        (upperA, upperB, lowerA, lowerB) = (s0.Value, s1.Value, s2.Value, s3.Value);
    }
}
