using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>Two runs of 128 rows of weights and of 64 tokens in shared memory, see <see cref="BlockTile"/>.</summary>
internal readonly struct BlockTile<TFormat>
    where TFormat : struct, IPackedFormat
{
    private readonly ArrayView<Pack> _quants;
    private readonly ArrayView<float> _scales;
    private readonly ArrayView<Pack> _values;
    private readonly ArrayView<float> _entries;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public BlockTile(ArrayView<Pack> quants, ArrayView<float> scales, ArrayView<Pack> values, ArrayView<float> entries) =>
        (_quants, _scales, _values, _entries) = (quants, scales, values, entries);

    private static int RunsInBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.BlockLength / BlockRun.Length;
    }

    /// <summary>Loads what the item brings to the tile: a run of weights, half a run of a token, and a run's entry.</summary>
    /// <param name="row">Of weights.</param>
    /// <param name="first">The first run of both. Past the end the last one is loaded.</param>
    /// <param name="runs">Of a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Part Fetch(BlockWeights weights, PackedInput input, int row, int firstToken, int lastToken, int first, int runs)
    {
        int item = Group.IdxX;
        int run = IntrinsicMath.Min(first + (item & 1), runs - 1);
        int within = run & (RunsInBlock - 1);
        long block = ((long)row * (weights.Columns / TFormat.BlockLength)) + (run / RunsInBlock);
        int valueRun = IntrinsicMath.Min(first + ((item >> 1) & 1), runs - 1);
        long token = IntrinsicMath.Min(firstToken + (item >> 2), lastToken);
        long entryToken = IntrinsicMath.Min(firstToken + ((item >> 1) & (BlockTile.Tokens - 1)), lastToken);
        return new Part
        {
            Words = TFormat.Words(weights.Quants, block, within),
            Scale = TFormat.ScaleWordsOf(weights.Scales, block, within),
            Values = input.Values.Cast<Pack>()[(token * (input.Stride / BlockRun.Half)) + (2 * valueRun) + (item & 1)],
            Entry = input.Runs[(entryToken * (input.Stride / BlockRun.Length)) + run],
        };
    }

    /// <summary>Brings it to the tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(Part part, int first, int runs)
    {
        int item = Group.IdxX;
        int one = item & 1;
        int within = IntrinsicMath.Min(first + one, runs - 1) & (RunsInBlock - 1);
        var quants = TFormat.Quants(part.Words, within);
        var scale = TFormat.ScaleOf(part.Scale, within);
        int row = (one * BlockTile.QuantPitch) + BlockTile.LoadedRow;
        _quants[row] = quants.Low;
        _quants[row + (BlockTile.Runs * BlockTile.QuantPitch)] = quants.High;
        const int Plane = BlockTile.Runs * BlockTile.ScalePitch;
        int at = (one * BlockTile.ScalePitch) + BlockTile.LoadedRow;
        _scales[at] = scale.Low;
        if (TFormat.HasOffsets)
        {
            _scales[at + Plane] = scale.LowOffset;
        }

        if (TFormat.HalvesDiffer)
        {
            _scales[at + (2 * Plane)] = scale.High;
        }

        if (TFormat.HalvesDiffer && TFormat.HasOffsets)
        {
            _scales[at + (3 * Plane)] = scale.HighOffset;
        }

        _values[((item & 3) * BlockTile.ValuePitch) + (item >> 2)] = part.Values;
        if (item < BlockTile.Runs * BlockTile.Tokens)
        {
            PutEntry((one * BlockTile.EntryPitch) + (item >> 1), part.Entry);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PutEntry(int at, Floats4 entry)
    {
        const int Plane = BlockTile.Runs * BlockTile.EntryPitch;
        _entries[at] = entry.A;
        if (TFormat.HasOffsets)
        {
            _entries[at + Plane] = TFormat.HalvesDiffer ? entry.B : entry.B + entry.C;
        }

        if (TFormat.HasOffsets && TFormat.HalvesDiffer)
        {
            _entries[at + (2 * Plane)] = entry.C;
        }
    }

    /// <summary>Adds the products of one of the two runs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public EightRows MultiplyAdd(EightRows sums, int run)
    {
        int token = BlockTile.ItemToken;
        var tokens = new FourTokens
        {
            A = Token(token, run), B = Token(token + 16, run), C = Token(token + 32, run), D = Token(token + 48, run),
        };
        int row = BlockTile.ItemRow;
        sums.A = MultiplyAdd(sums.A, row, run, tokens);
        sums.B = MultiplyAdd(sums.B, row + 16, run, tokens);
        Schedule.Fence();
        sums.C = MultiplyAdd(sums.C, row + 32, run, tokens);
        sums.D = MultiplyAdd(sums.D, row + 48, run, tokens);
        Schedule.Fence();
        sums.E = MultiplyAdd(sums.E, row + 64, run, tokens);
        sums.F = MultiplyAdd(sums.F, row + 80, run, tokens);
        Schedule.Fence();
        sums.G = MultiplyAdd(sums.G, row + 96, run, tokens);
        sums.H = MultiplyAdd(sums.H, row + 112, run, tokens);
        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private OneToken Token(int token, int run)
    {
        const int Plane = BlockTile.Runs * BlockTile.EntryPitch;
        int values = (2 * run * BlockTile.ValuePitch) + token;
        int entry = (run * BlockTile.EntryPitch) + token;
        return new OneToken
        {
            Low = _values[values],
            High = _values[values + BlockTile.ValuePitch],
            Entry = new Floats4
            {
                A = _entries[entry],
                B = TFormat.HasOffsets ? _entries[entry + Plane] : 0,
                C = TFormat.HasOffsets && TFormat.HalvesDiffer ? _entries[entry + (2 * Plane)] : 0,
            },
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Floats4 MultiplyAdd(Floats4 sums, int row, int run, FourTokens tokens)
    {
        const int Plane = BlockTile.Runs * BlockTile.ScalePitch;
        int at = (run * BlockTile.QuantPitch) + row;
        var quants = new RunQuants { Low = _quants[at], High = _quants[at + (BlockTile.Runs * BlockTile.QuantPitch)] };
        int from = (run * BlockTile.ScalePitch) + row;
        var scale = new RunScale
        {
            Low = _scales[from],
            LowOffset = TFormat.HasOffsets ? _scales[from + Plane] : 0,
            High = TFormat.HalvesDiffer ? _scales[from + (2 * Plane)] : 0,
            HighOffset = TFormat.HalvesDiffer && TFormat.HasOffsets ? _scales[from + (3 * Plane)] : 0,
        };
        return new Floats4
        {
            A = MultiplyAdd(sums.A, quants, scale, tokens.A),
            B = MultiplyAdd(sums.B, quants, scale, tokens.B),
            C = MultiplyAdd(sums.C, quants, scale, tokens.C),
            D = MultiplyAdd(sums.D, quants, scale, tokens.D),
        };
    }

    // Halves with one scale have one sum of whole numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float MultiplyAdd(float sum, RunQuants quants, RunScale scale, OneToken token)
    {
        int low = Dp4a.Add(0, quants.Low, token.Low);
        return TFormat.HalvesDiffer
            ? RunSum.Add<TFormat>(sum, low, Dp4a.Add(0, quants.High, token.High), scale, token.Entry)
            : RunSum.Add<TFormat>(sum, Dp4a.Add(low, quants.High, token.High), 0, scale, token.Entry);
    }

    /// <summary>What an item loads, before it is decoded.</summary>
    public struct Part
    {
        public RunWords Words;
        public Pack Scale;
        public Pack Values;
        public Floats4 Entry;
    }

    // A run of a token.
    private struct OneToken
    {
        public Pack Low, High;
        public Floats4 Entry;
    }

    private struct FourTokens
    {
        public OneToken A, B, C, D;
    }
}
