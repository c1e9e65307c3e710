using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// The tiles of a product that a <see cref="GroupPair"/> makes one after the other. The two groups have tiles of the same tokens
/// and of neighbouring rows.
/// </summary>
/// <param name="Order">Which tiles come together.</param>
/// <param name="Start">The first token of the first tile.</param>
/// <param name="End">Past the last token.</param>
/// <param name="Rows">Rows of output.</param>
internal readonly record struct BulkTiles(TileOrder Order, int Start, int End, int Rows, bool IsGated)
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static BulkTiles Of(StepState state, RowRange tokens, int rows, bool isGated)
    {
        int first = tokens.First(state);
        int end = tokens.End(state);
        var order = new TileOrder(
            DivideUp(rows, TileRows.PerPair(isGated)), DivideUp(IntrinsicMath.Max(end - first, 0), WarpgroupSums.Tokens));
        return new BulkTiles(order, first, end, rows, isGated);
    }

    /// <summary>The number of the pair's first tile.</summary>
    public static int First
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Grid.IdxX / GroupPair.Groups;
    }

    /// <summary>From a tile of the pair to its next.</summary>
    public static int Step
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Grid.DimX / GroupPair.Groups;
    }

    public int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Order.Count;
    }

    /// <summary>The first row of the group's half of a tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FirstRow(int tile) =>
        (Order.Row(tile) * TileRows.PerPair(IsGated)) + (GroupPair.Rank * TileRows.PerTile(IsGated));

    /// <summary>The rows of weights of the group's half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TileRows RowsOf(int tile) => new(FirstRow(tile), Rows, IsGated);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FirstToken(int tile) => Start + (Order.Token(tile) * WarpgroupSums.Tokens);

    /// <summary>Parts of 64 columns, which take a stage each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int StagesOf(int columns) => DivideUp(columns, WarpgroupMemory.Depth);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int DivideUp(int a, int b) => (a + b - 1) / b;
}
