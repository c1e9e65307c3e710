using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// The shared memory of <see cref="BlockMatVecTensor{TFormat,TTokens,TEpilogue}"/>, by address. A stage is eight runs. First come
/// 32 rows of weights as they lie in global memory: a row's quants and behind them its scales. Of a gated pair the rows that they
/// gate lie below them. Then come the tokens' quants, then the entries of their runs. Rows lie an odd number of 16-byte pieces
/// apart, so that the pieces of eight rows are in different banks.
/// </summary>
internal static class RunStage<TFormat, TTokens, TEpilogue>
    where TFormat : struct, IPackedFormat
    where TTokens : struct, ITokenBlocks
    where TEpilogue : struct, IEpilogue
{
    public static int WeightRows => TEpilogue.IsGated ? 2 * RunStage.Rows : RunStage.Rows;

    /// <summary>Where the quants of the tokens begin.</summary>
    public static int ValuesAt => WeightRows * RunStage.PitchOf<TFormat>();

    /// <summary>Where the entries of their runs begin.</summary>
    public static int EntriesAt => ValuesAt + (TTokens.Tokens * RunStage.ValuesPitch);

    public static int Bytes => EntriesAt + (TTokens.Tokens * RunStage.EntriesPitch);

    /// <summary>As many as there is room for, four at most.</summary>
    public static int Count => TileMemory.Bytes / Bytes >= 4 ? 4 : TileMemory.Bytes / Bytes;

    /// <summary>What the lane multiplies of each stage.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunPlace PlaceOf<TWarps>()
        where TWarps : struct, IRunWarps
    {
        // Matrices of 8 × 16 bytes: the first eight tokens' halves of the run, then the others'.
        int pitch = RunStage.PitchOf<TFormat>();
        int lane = TensorLane.Index;
        int run = TensorLane.Warp & (RunStage.Runs - 1);
        int matrix = TWarps.AreApart ? TensorLane.Warp / RunStage.Runs * RunStage.Rows * pitch : 0;
        int token = (lane & 7) + (TTokens.AreTwo ? (lane >> 4) << 3 : 0);
        int piece = (2 * run) + ((lane >> 3) & 1);
        return new RunPlace
        {
            Run = Hoisted.Of(run),
            Quants = Hoisted.Of((uint)(matrix
                + (TFormat.HalvesAreApart ? ((lane & 15) * pitch) + ((lane >> 4) * TileMemory.PieceBytes) : lane * pitch))),
            Scales = Hoisted.Of((uint)(matrix + (lane * pitch) + RunStage.QuantBytesOf<TFormat>()
                + (TFormat.BlockLength == BlockRun.Length ? run * TFormat.ScaleWords * sizeof(ushort) : 0))),
            Values = Hoisted.Of((uint)(ValuesAt + (token * RunStage.ValuesPitch) + (piece * TileMemory.PieceBytes))),
            Entries = Hoisted.Of((uint)(EntriesAt + (TensorLane.Column * RunStage.EntriesPitch) + (run * TileMemory.PieceBytes))),
        };
    }

    /// <summary>Waits until the oldest stage of this thread's copies is there; a barrier makes those of others seen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WaitForOldest()
    {
        if (Count == 4)
        {
            CudaAsm.Emit("cp.async.wait_group 2;");
        }
        else if (Count == 3)
        {
            TileMemory.WaitForAllButOne();
        }
        else
        {
            CudaAsm.Emit("cp.async.wait_group 0;");
        }
    }

    /// <summary>The stage that follows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Next(uint stage, uint memory) =>
        stage == memory + (uint)((Count - 1) * Bytes) ? memory : stage + (uint)Bytes;

    /// <summary>The one that is to be filled again, when this one is multiplied.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Before(uint stage, uint memory) =>
        stage == memory ? memory + (uint)((Count - 1) * Bytes) : stage - (uint)Bytes;
}
