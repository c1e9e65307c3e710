using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary><see cref="PackBlockStrips{TFormat}"/> for the CPU accelerator: a run of a row at a time, whose halves are vectors of
/// four quads.</summary>
[CpuForm(Vectors.Reason)]
public readonly record struct PackBlockStripVectors<TFormat>(
    BlockWeights Rows, StripWeights Strips, int FirstRow, int RowCount) : ISharedKernel
    where TFormat : struct, IStripFormat
{
    private static int RunsInBlock => TFormat.BlockLength / BlockRun.Length;

    public void Execute() => Execute(WorkShare.Current);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(WorkShare share)
    {
        int runs = Rows.Columns / BlockRun.Length;
        int blocks = runs / RunsInBlock;
        var (first, end) = share.Neighbours(0, (long)Strip.Count(FirstRow, RowCount) * blocks);
        for (long item = first; item < end; item++)
        {
            long strip = (FirstRow / Strip.Rows) + (item / blocks);
            int blockInRow = (int)(item % blocks);
            long firstOfStrip = strip * Strip.Rows;
            long rowsEnd = Math.Min(firstOfStrip + Strip.Rows, FirstRow + RowCount);
            for (long row = Math.Max(firstOfStrip, FirstRow); row < rowsEnd; row++)
            {
                Pack(((row - FirstRow) * blocks) + blockInRow, (strip * blocks) + blockInRow, (int)(row - firstOfStrip));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pack(long block, long stripBlock, int lane)
    {
        for (int part = 0; part < TFormat.BlockFloats; part++)
        {
            Strips.BlockFloats[(((stripBlock * TFormat.BlockFloats) + part) * Strip.Rows) + lane] =
                TFormat.BlockFloat(Rows.Scales, block * TFormat.ScaleWords, part);
        }

        for (int run = 0; run < RunsInBlock; run++)
        {
            long stripRun = (stripBlock * RunsInBlock) + run;
            Pack(
                TFormat.Words(Rows.Quants, block, run), run,
                ref Unsafe.As<int, uint>(ref Strips.Quants[(stripRun * TFormat.Bits * Strip.Rows) + lane]));
            for (int part = 0; part < TFormat.RunBytes; part++)
            {
                Strips.RunBytes[(((stripRun * TFormat.RunBytes) + part) * Strip.Rows) + lane] =
                    (sbyte)TFormat.RunByte(Rows.Scales, block * TFormat.ScaleWords, run, part);
            }
        }
    }

    // To a lane of the run's vectors.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pack(RunWords words, int run, ref uint to)
    {
        if (TFormat.IsUneven)
        {
            // Halves share the words as nibbles, in the order of the vectors.
            Write(Vector(words.Low), ref to);
            return;
        }

        var quants = TFormat.Unsigned(words, run);
        var (low, high) = (Vector(quants.Low), Vector(quants.High));
        if (TFormat.Bits == 8)
        {
            Write(low, ref to);
            Write(high, ref Unsafe.Add(ref to, 4 * Strip.Rows));
            return;
        }

        int nibbles = TFormat.Bits & 4;
        if (nibbles != 0)
        {
            Write((low & Fields(15)) | ((high & Fields(15)) << 4), ref to);
        }

        if ((TFormat.Bits & 2) != 0)
        {
            Unsafe.Add(ref to, nibbles * Strip.Rows) = Joined((low >>> nibbles) & Fields(3), 2);
            Unsafe.Add(ref to, (nibbles + 1) * Strip.Rows) = Joined((high >>> nibbles) & Fields(3), 2);
        }

        if ((TFormat.Bits & 1) != 0)
        {
            const int Quads = BlockRun.Quads / 2;
            int last = TFormat.Bits - 1;
            Unsafe.Add(ref to, last * Strip.Rows) =
                Joined((low >>> last) & Fields(1), 1) | (Joined((high >>> last) & Fields(1), 1) << Quads);
        }
    }

    private static Vector128<uint> Vector(Pack pack) => Unsafe.BitCast<Pack, Vector128<uint>>(pack);

    private static Vector128<uint> Fields(byte mask) => Vector128.Create(mask).AsUInt32();

    // Quad q shifted by q times the width of a field.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Joined(Vector128<uint> quads, int width) =>
        quads[0] | (quads[1] << width) | (quads[2] << (2 * width)) | (quads[3] << (3 * width));

    // Each element to a vector.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(Vector128<uint> quads, ref uint to)
    {
        to = quads[0];
        Unsafe.Add(ref to, Strip.Rows) = quads[1];
        Unsafe.Add(ref to, 2 * Strip.Rows) = quads[2];
        Unsafe.Add(ref to, 3 * Strip.Rows) = quads[3];
    }
}
