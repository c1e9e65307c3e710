using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Quads of a run in a strip.</summary>
internal static class StripQuads
{
    /// <summary>bytes = the quants of a quad: unsigned, or of uneven values as they are.</summary>
    /// <param name="at">Where the run's vectors start.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TFormat>(ArrayView<int> quants, long at, int quad, ref int bytes)
        where TFormat : struct, IStripFormat
    {
        int upper = quad >> 2;
        if ((TFormat.Bits & 4) != 0)
        {
            Lanes.LoadBits(ref quants[at + ((quad & 3) * Lanes.Count)], 4 * upper, 0x0F0F0F0F, ref bytes);
            if ((TFormat.Bits & 2) != 0)
            {
                Lanes.AddBits(ref quants[at + ((4 + upper) * Lanes.Count)], 2 * (quad & 3), 0x03030303, 4, ref bytes);
            }

            if ((TFormat.Bits & 1) != 0)
            {
                Lanes.AddBits(ref quants[at + (4 * Lanes.Count)], quad, 0x01010101, 4, ref bytes);
            }

            if (TFormat.IsUneven)
            {
                Lanes.LookUpUneven(ref bytes);
            }
        }
        else
        {
            Lanes.LoadBits(ref quants[at + (upper * Lanes.Count)], 2 * (quad & 3), 0x03030303, ref bytes);
            if ((TFormat.Bits & 1) != 0)
            {
                Lanes.AddBits(ref quants[at + (2 * Lanes.Count)], quad, 0x01010101, 2, ref bytes);
            }
        }
    }

    /// <summary>The quants of a quad of one row, as <see cref="Load{TFormat}"/> gives them; of eight bits as they are.</summary>
    public static uint Of<TFormat>(ArrayView<int> quants, long at, int lane, int quad)
        where TFormat : struct, IStripFormat
    {
        at += lane;
        if (TFormat.Bits == 8)
        {
            return (uint)quants[at + (quad * Strip.Rows)];
        }

        int nibbles = TFormat.Bits & 4;
        int twos = TFormat.Bits & 2;
        uint bytes = nibbles == 0 ? 0
            : ((uint)quants[at + ((quad & 3) * Strip.Rows)] >> (4 * (quad >> 2))) & PackedBytes.Nibbles;
        bytes |= twos == 0 ? 0
            : (((uint)quants[at + ((nibbles + (quad >> 2)) * Strip.Rows)] >> (2 * (quad & 3))) & 0x03030303u) << nibbles;
        bytes |= (TFormat.Bits & 1) == 0 ? 0
            : (((uint)quants[at + ((nibbles + twos) * Strip.Rows)] >> quad) & 0x01010101u) << (nibbles + twos);
        return TFormat.IsUneven ? PackedBytes.UnevenOneByOne(bytes) : bytes;
    }

    /// <summary>A lane of one of the run's vectors, from the quants of its row.</summary>
    /// <param name="block">Of the plane of quants.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Pack<TFormat>(ArrayView<byte> quants, long block, int run, int vector)
        where TFormat : struct, IStripFormat
    {
        if (TFormat.Bits == 8)
        {
            return Quad<TFormat>(quants, block, run, vector);
        }

        // The plane that the vector is of: its width in bits, its first vector, and the bits below it in a quant.
        int nibbles = TFormat.Bits & 4;
        int width = vector < nibbles ? 4 : vector < nibbles + (TFormat.Bits & 2) ? 2 : 1;
        int first = width == 4 ? 0 : width == 2 ? nibbles : nibbles + (TFormat.Bits & 2);
        int below = width == 1 ? TFormat.Bits - 1 : width == 2 ? nibbles : 0;
        uint field = 0x01010101u * ((1u << width) - 1);
        uint packed = 0;
        for (int slot = 0; slot < 8 / width; slot++)
        {
            int quad = width == 4 ? vector + (4 * slot) : width == 2 ? (4 * (vector - first)) + slot : slot;
            packed |= ((Quad<TFormat>(quants, block, run, quad) >> below) & field) << (width * slot);
        }

        return packed;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Quad<TFormat>(ArrayView<byte> quants, long block, int run, int quad)
        where TFormat : struct, IStripFormat
    {
        if (TFormat.IsUneven)
        {
            long runs = (block * (TFormat.BlockLength / BlockRun.Length)) + run;
            return (quants.Cast<uint>()[(runs * (BlockRun.Quads / 2)) + (quad & 3)] >> (4 * (quad >> 2))) & PackedBytes.Nibbles;
        }

        // Adds the bias to each byte, without carrying from one to the next.
        uint signed = TFormat.Four(quants, block, run, quad >> 2, quad & 3);
        return ((signed & 0x7F7F7F7F) + (0x01010101u * (uint)TFormat.Bias)) ^ (signed & 0x80808080);
    }
}
