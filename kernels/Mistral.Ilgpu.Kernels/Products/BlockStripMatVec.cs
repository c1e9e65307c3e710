using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="StripMatVec{TFormat,TElement,TResult}"/> with W in blocks, see <see cref="IStripFormat"/>, and x in eight bits. The
/// products of a run are whole numbers. Bytes are multiplied four at a time, and summed in 16 bits as long as those hold them,
/// then in 32. Where quants or their values have eight bits, shorts are multiplied.
/// </summary>
[LaneForm]
public readonly record struct BlockStripMatVec<TFormat, TResult>(
    StepState State, StripWeights Weights, Int8Input Input, ArrayView<float> Output,
    int Rows, int OutputStride, RowRange Tokens) : IKernel, ILink
    where TFormat : struct, IStripFormat
    where TResult : struct, IResult
{
    public long Items => Strip.Count(Rows);

    public void Execute()
    {
        for (long item = WorkItems.First; item < Items; item += WorkItems.Count)
        {
            Do(item);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Do(long item)
    {
        var room = new Room
        {
            Sums = LocalMemory.Allocate<float>(StripTokens.AtOnce * Lanes.Count),
            Shorts = LocalMemory.Allocate<int>(StripTokens.AtOnce * Lanes.Count),
            Whole = LocalMemory.Allocate<int>(2 * StripTokens.AtOnce * Lanes.Count),
            Bytes = LocalMemory.Allocate<int>(Lanes.Count),
            Block = LocalMemory.Allocate<float>(2 * Lanes.Count),
            Scales = LocalMemory.Allocate<float>(2 * Lanes.Count),
            Offsets = LocalMemory.Allocate<float>(2 * Lanes.Count),
            Edge = LocalMemory.Allocate<float>(Lanes.Count),
        };
        int end = Tokens.End(State);
        int first = Tokens.First(State);
        int token = first;
        for (; token + StripTokens.AtOnce <= end; token += StripTokens.AtOnce)
        {
            Take(StripTokens.AtOnce, item, token, token == first, room);
        }

        for (; token < end; token++)
        {
            Take(1, item, token, token == first, room);
        }
    }

    private static int RunsInBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.BlockLength / BlockRun.Length;
    }

    // Quads whose products two sums of 16 bits hold: each adds up to 2 × 127 × (2^bits − 1).
    private static int QuadsPerSum
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.Bits == 6 ? 2 : TFormat.Bits == 5 || TFormat.HalvesDiffer ? 4 : 8;
    }

    private static int Halves
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.HalvesDiffer ? 2 : 1;
    }

    /// <param name="isFirst">Whether the weights come from memory, not from the cache as for later tokens.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Take(int tokens, long strip, int token, bool isFirst, Room room)
    {
        for (int t = 0; t < tokens; t++)
        {
            Lanes.Clear(ref room.Sums[t * Lanes.Count]);
        }

        int blocks = Weights.Columns / TFormat.BlockLength;
        for (int block = 0; block < blocks; block++)
        {
            for (int part = 0; part < TFormat.BlockFloats; part++)
            {
                ref ushort floats =
                    ref Weights.BlockFloats[((((strip * blocks) + block) * TFormat.BlockFloats) + part) * Strip.Rows];
                Float16.Load(ref floats, ref room.Block[part * Lanes.Count]);
                if (isFirst)
                {
                    Lanes.Prefetch(ref floats);
                }
            }

            for (int i = 0; i < RunsInBlock; i++)
            {
                int run = (block * RunsInBlock) + i;
                Multiply(tokens, strip, token, run, isFirst, room);
                LoadScales(strip, run, room);
                for (int t = 0; t < tokens; t++)
                {
                    Scale(token + t, run, t, room);
                }
            }
        }

        for (int t = 0; t < tokens; t++)
        {
            StripOutput.Write<TResult>(Output, token + t, OutputStride, strip, Rows, ref room.Sums[t * Lanes.Count], room.Edge);
        }
    }

    /// <summary>Sums the products of a run: of each half, where they differ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Multiply(int tokens, long strip, int token, int run, bool isFirst, Room room)
    {
        for (int half = 0; half < Halves; half++)
        {
            for (int t = 0; t < tokens; t++)
            {
                Lanes.Clear(ref room.Whole[WholeAt(half, t)]);
            }
        }

        long at = ((strip * (Weights.Columns / BlockRun.Length)) + run) * TFormat.Bits * Strip.Rows;
        if (isFirst)
        {
            for (int vector = 0; vector < TFormat.Bits; vector++)
            {
                Lanes.Prefetch(ref Weights.Quants[at + (vector * Strip.Rows)]);
            }
        }

        if (TFormat.Bits == 8)
        {
            for (int quad = 0; quad < BlockRun.Quads; quad++)
            {
                for (int t = 0; t < tokens; t++)
                {
                    long pairs = 2 * Input.QuadAt(token + t, run, quad);
                    Lanes.AddSignedProducts(
                        ref Weights.Quants[at + (quad * Strip.Rows)], Input.Pairs[pairs],
                        Input.Pairs[pairs + 1], ref room.Whole[WholeAt(0, t)]);
                }
            }

            return;
        }

        if (TFormat.IsUneven)
        {
            for (int quad = 0; quad < BlockRun.Quads; quad++)
            {
                StripQuads.Load<TFormat>(Weights.Quants, at, quad, ref room.Bytes[0]);
                for (int t = 0; t < tokens; t++)
                {
                    long pairs = 2 * Input.QuadAt(token + t, run, quad);
                    Lanes.AddSignedProducts(
                        ref room.Bytes[0], Input.Pairs[pairs], Input.Pairs[pairs + 1], ref room.Whole[WholeAt(0, t)]);
                }
            }

            return;
        }

        for (int first = 0; first < BlockRun.Quads; first += QuadsPerSum)
        {
            for (int t = 0; t < tokens; t++)
            {
                Lanes.Clear(ref room.Shorts[t * Lanes.Count]);
            }

            for (int quad = first; quad < first + QuadsPerSum; quad++)
            {
                StripQuads.Load<TFormat>(Weights.Quants, at, quad, ref room.Bytes[0]);
                for (int t = 0; t < tokens; t++)
                {
                    Lanes.AddByteProducts(
                        ref room.Bytes[0], Input.Quads[Input.QuadAt(token + t, run, quad)], ref room.Shorts[t * Lanes.Count]);
                }
            }

            for (int t = 0; t < tokens; t++)
            {
                int half = TFormat.HalvesDiffer ? first / (BlockRun.Quads / 2) : 0;
                Lanes.AddShorts(ref room.Shorts[t * Lanes.Count], ref room.Whole[WholeAt(half, t)]);
            }
        }
    }

    /// <summary>What quants of a run are multiplied with, and their offsets, of each half where they differ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void LoadScales(long strip, int run, Room room)
    {
        long bytes = ((strip * (Weights.Columns / BlockRun.Length)) + run) * TFormat.RunBytes * Strip.Rows;
        for (int half = 0; half < Halves; half++)
        {
            if (TFormat.RunBytes == 0)
            {
                Lanes.Copy(ref room.Block[0], ref room.Scales[half * Lanes.Count]);
                Lanes.Copy(ref room.Block[Lanes.Count], ref room.Offsets[half * Lanes.Count]);
            }
            else
            {
                Lanes.LoadScaled(
                    ref Weights.RunBytes[bytes + (half * Strip.Rows)], ref room.Block[0], ref room.Scales[half * Lanes.Count]);
                if (TFormat.HasOffsets)
                {
                    Lanes.LoadScaled(
                        ref Weights.RunBytes[bytes + ((Halves + half) * Strip.Rows)],
                        ref room.Block[Lanes.Count], ref room.Offsets[half * Lanes.Count]);
                }
            }
        }
    }

    private static int WholeAt(int half, int t) => ((half * StripTokens.AtOnce) + t) * Lanes.Count;

    /// <summary>Adds what a run comes to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Scale(int token, int run, int t, Room room)
    {
        var x = Input.Runs[((long)token * (Input.Stride / BlockRun.Length)) + run];
        for (int half = 0; half < Halves; half++)
        {
            // The sum of the activations that meet these quants.
            float sum = TFormat.HalvesDiffer ? (half == 0 ? x.B : x.C) : x.B + x.C;
            Lanes.AddScaled(
                ref room.Whole[WholeAt(half, t)], x.A, TFormat.Bias * sum,
                ref room.Scales[half * Lanes.Count], ref room.Sums[t * Lanes.Count]);
            if (TFormat.HasOffsets)
            {
                // Minima of blocks of 256 are taken off, offsets of the others added.
                Lanes.AddProduct(
                    ref room.Offsets[half * Lanes.Count], TFormat.RunBytes == 0 ? sum : -sum, ref room.Sums[t * Lanes.Count]);
            }
        }
    }

    // Registers, see Lanes.
    private struct Room
    {
        public ArrayView<float> Sums, Block, Scales, Offsets, Edge;
        public ArrayView<int> Shorts, Whole, Bytes;
    }
}
