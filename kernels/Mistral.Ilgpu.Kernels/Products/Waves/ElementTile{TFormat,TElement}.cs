using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>Columns of 128 rows of weights and of 64 tokens in shared memory, see <see cref="ElementTile"/>.</summary>
internal readonly struct ElementTile<TFormat, TElement>
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    private readonly ArrayView<Floats4> _weights;
    private readonly ArrayView<Floats4> _values;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ElementTile(ArrayView<Floats4> weights, ArrayView<Floats4> values) => (_weights, _values) = (weights, values);

    /// <summary>Loads what the item brings to the tile: 16 columns of weights and 8 of a token.</summary>
    /// <param name="row">Where the row of weights begins.</param>
    /// <param name="token">Where the token begins.</param>
    /// <param name="column">The first of all. Past the end the last ones are loaded.</param>
    /// <param name="columns">Of a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Part Fetch(
        ArrayView<TElement> weights, long row, ArrayView<Floats4> input, long token, int column, int columns)
    {
        int from = IntrinsicMath.Min(column + FirstColumn, columns - ElementTile.PerItem);
        var packs = weights.Cast<Pack>();
        long at = (row + from) / TFormat.PerPack;
        int valueFrom = IntrinsicMath.Min(
            column + ((Group.IdxX & 3) * ElementTile.ValuesPerItem), columns - ElementTile.ValuesPerItem);
        long valueAt = (token + valueFrom) / 4;
        var part = new Part { A = packs[at], Low = input[valueAt], High = input[valueAt + 1] };
        if (TFormat.PerPack < ElementTile.PerItem)
        {
            part.B = packs[at + 1];
        }

        if (TFormat.PerPack < ElementTile.PerItem / 2)
        {
            part.C = packs[at + 2];
            part.D = packs[at + 3];
        }

        return part;
    }

    /// <summary>Brings it to the tile. Weights past the end become zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(Part part, int column, int columns)
    {
        bool exist = column + FirstColumn < columns;
        PutWeights(0, Four(part, 0), exist);
        PutWeights(4, Four(part, 1), exist);
        PutWeights(8, Four(part, 2), exist);
        PutWeights(12, Four(part, 3), exist);
        int at = ((Group.IdxX & 3) * ElementTile.ValuesPerItem * ElementTile.ValuePitch) + ElementTile.LoadedToken;
        PutValues(at, part.Low);
        PutValues(at + (4 * ElementTile.ValuePitch), part.High);
    }

    /// <summary>Adds the products of one column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public EightRows MultiplyAdd(EightRows sums, int column)
    {
        int at = ((column * ElementTile.WeightPitch) + ElementTile.ItemRow) / 4;
        var (upper, lower) = (_weights[at], _weights[at + (BlockTile.Rows / 8)]);
        var x = _values[((column * ElementTile.ValuePitch) + ElementTile.ItemToken) / 4];
        return new EightRows
        {
            A = MultiplyAdd(sums.A, upper.A, x),
            B = MultiplyAdd(sums.B, upper.B, x),
            C = MultiplyAdd(sums.C, upper.C, x),
            D = MultiplyAdd(sums.D, upper.D, x),
            E = MultiplyAdd(sums.E, lower.A, x),
            F = MultiplyAdd(sums.F, lower.B, x),
            G = MultiplyAdd(sums.G, lower.C, x),
            H = MultiplyAdd(sums.H, lower.D, x),
        };
    }

    private static int FirstColumn
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Group.IdxX & 1) * ElementTile.PerItem;
    }

    // Of sixteen weights the fours in order.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats4 Four(Part part, int four)
    {
        if (TFormat.PerPack == ElementTile.PerItem)
        {
            return TFormat.Four(part.A, four);
        }

        if (TFormat.PerPack == ElementTile.PerItem / 2)
        {
            return TFormat.Four(four < 2 ? part.A : part.B, four & 1);
        }

        return TFormat.Four(four == 0 ? part.A : four == 1 ? part.B : four == 2 ? part.C : part.D, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PutWeights(int column, Floats4 four, bool exist)
    {
        var weights = _weights.Cast<float>();
        int at = ((FirstColumn + column) * ElementTile.WeightPitch) + BlockTile.LoadedRow;
        weights[at] = exist ? four.A : 0;
        weights[at + ElementTile.WeightPitch] = exist ? four.B : 0;
        weights[at + (2 * ElementTile.WeightPitch)] = exist ? four.C : 0;
        weights[at + (3 * ElementTile.WeightPitch)] = exist ? four.D : 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PutValues(int at, Floats4 four)
    {
        var values = _values.Cast<float>();
        values[at] = four.A;
        values[at + ElementTile.ValuePitch] = four.B;
        values[at + (2 * ElementTile.ValuePitch)] = four.C;
        values[at + (3 * ElementTile.ValuePitch)] = four.D;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats4 MultiplyAdd(Floats4 sums, float weight, Floats4 x) => new()
    {
        A = Fused.MultiplyAdd(weight, x.A, sums.A),
        B = Fused.MultiplyAdd(weight, x.B, sums.B),
        C = Fused.MultiplyAdd(weight, x.C, sums.C),
        D = Fused.MultiplyAdd(weight, x.D, sums.D),
    };

    /// <summary>What an item loads, before it is decoded.</summary>
    public struct Part
    {
        public Pack A, B, C, D;
        public Floats4 Low, High;
    }
}
