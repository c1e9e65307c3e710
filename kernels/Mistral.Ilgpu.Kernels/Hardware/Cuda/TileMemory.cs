using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// The shared memory of a tiled product, by address. It has tiles of weights or of activations, each 128 rows of 32 16-bit
/// numbers; for <see cref="Products.Cuda.MatMulTensor{TTensor, TWeights, TEpilogue}"/> three stages of one of each. A row is four
/// pieces of 16 bytes, and piece p of row r lies where piece p xor (r / 2 mod 4) would. Then the eight rows of one load of a
/// matrix lie in different banks. So do the eight that a copy writes at once.
/// </summary>
public static class TileMemory
{
    /// <summary>Threads that share it.</summary>
    public const int GroupSize = 128;

    public const int Stages = 3;

    /// <summary>Rows of a tile, of weights or of tokens.</summary>
    public const int Rows = 128;

    /// <summary>Columns of a tile.</summary>
    public const int Depth = 32;

    public const int RowBytes = Depth * sizeof(ushort);

    public const int PieceBytes = 16;

    public const int TileBytes = Rows * RowBytes;

    /// <summary>What the threads of a group copy at once, a piece each: whole rows.</summary>
    public const int CopyBytes = GroupSize * PieceBytes;

    /// <summary>Bytes of a tile of weights and one of activations.</summary>
    public const int StageBytes = 2 * TileBytes;

    /// <summary>What a group has: 48 KiB, the most that a launch gets without an attribute.</summary>
    public const int Bytes = 48 << 10;

    /// <summary>The group's shared memory; once in a kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Allocate()
    {
        CudaAsm.Emit("{ .shared .align 128 .b8 tiles[49152]; mov.u32 %0, tiles; }", out uint address);
        return address;
    }

    /// <summary>Where a piece of a row lies in its tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint At(int row, int piece) => (uint)((row * RowBytes) + ((piece ^ ((row >> 1) & 3)) * PieceBytes));

    /// <summary>Begins to copy a piece, or zeros where <paramref name="bytes"/> is 0 and not 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Copy(uint to, long from, int bytes) =>
        CudaAsm.Emit("cp.async.cg.shared.global [%0], [%1], 16, %2;", to, from, bytes);

    /// <summary>Ends a stage of copies, also an empty one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Commit() => CudaAsm.Emit("cp.async.commit_group;");

    /// <summary>Waits until no more than the newest stage of this thread's copies is under way; a barrier makes those of others
    /// seen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void WaitForAllButOne() => CudaAsm.Emit("cp.async.wait_group 1;");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store(uint to, Pack piece) =>
        CudaAsm.Emit("st.shared.v4.b32 [%0], {%1, %2, %3, %4};", to, piece.A, piece.B, piece.C, piece.D);

    /// <summary>
    /// Loads four 8 × 8 matrices of 16-bit numbers; lanes 8 i to 8 i + 7 name the 16 bytes of the rows of matrix i. A lane gets
    /// two neighbours of each, at row lane / 4 and column 2 × (lane mod 4).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Factors16x16 Load(uint address)
    {
        Output<uint> a = default, b = default, c = default, d = default;
        Input<uint> from = address;
        CudaAsm.EmitRef("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];", ref a, ref b, ref c, ref d, ref from);
        return new Factors16x16 { A = a.Value, B = b.Value, C = c.Value, D = d.Value };
    }

    /// <summary>
    /// The address of a view in global memory, which ILGPU does not give: the first eight bytes of a view are its pointer.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long AddressOf<T>(ArrayView<T> view)
        where T : unmanaged => Unsafe.As<ArrayView<T>, long>(ref view);
}
