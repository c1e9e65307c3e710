using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Scales for CUDA forms, read in few words and decoded by the instructions that GPUs have for halves.</summary>
internal static class PackedScale
{
    /// <summary>Of blocks that have a scale alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack One(ArrayView<ushort> scales, long block) => new() { A = scales[block] };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale OfOne(Pack words)
    {
        float d = HalfPair.Low(words.A);
        return new RunScale { Low = d, High = d };
    }

    /// <summary>Of blocks that have a scale and a minimum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Two(ArrayView<ushort> scales, long block) => new() { A = scales.Cast<uint>()[block] };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale OfTwo(Pack words)
    {
        float d = HalfPair.Low(words.A);
        float m = HalfPair.High(words.A);
        return new RunScale { Low = d, High = d, LowOffset = m, HighOffset = m };
    }

    /// <summary>Of blocks whose sixteen bytes are as in <see cref="ScaleAndMinimum"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(OpenCl = nameof(OfPairsOnOpenCl))]
    public static RunScale OfPairs(Pack words, int run)
    {
        int shift = 8 * (run & 3);
        // As signed numbers, because unsigned ones become floats by way of doubles.
        int scale = (int)(words.B >> shift);
        int minimum = (int)(words.C >> shift);
        int shared = (int)(words.D >> shift);
        bool isLater = run >= 4;
        float d = HalfPair.Low(words.A) * (isLater ? (shared & 15) | ((scale >> 2) & 48) : scale & 63);
        float offset = -(HalfPair.High(words.A) * (isLater ? ((shared >> 4) & 15) | ((minimum >> 2) & 48) : minimum & 63));
        return new RunScale { Low = d, High = d, LowOffset = offset, HighOffset = offset };
    }

    /// <summary>The same of scale and minimum at once, in the halves of a word, and by masks as <see cref="OfPairsOnOpenCl"/>;
    /// on CUDA.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale InPairs(Pack words, ScaleFields fields)
    {
        uint own = PackedBytes.Permute(words.B, words.C, fields.Bytes);
        uint shared = PackedBytes.Permute(words.D, words.D >> 4, fields.Bytes);
        uint whole = (((shared & fields.Later) | (own & ~fields.Later)) & fields.Kept) | ((own >> 2) & fields.Added);
        float d = HalfPair.Low(words.A) * LowOf(whole);
        float offset = -(HalfPair.High(words.A) * HighOf(whole));
        return new RunScale { Low = d, High = d, LowOffset = offset, HighOffset = offset };
    }

    /// <summary>The lower sixteen bits as an unsigned number; on CUDA.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LowOf(uint pair)
    {
        CudaAsm.Emit("{ .reg .b16 low, high; mov.b32 {low, high}, %1; cvt.rn.f32.u16 %0, low; }", out float value, pair);
        return value;
    }

    /// <summary>The upper ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float HighOf(uint pair)
    {
        CudaAsm.Emit("{ .reg .b16 low, high; mov.b32 {low, high}, %1; cvt.rn.f32.u16 %0, high; }", out float value, pair);
        return value;
    }

    /// <summary>The lowest byte as an unsigned number; on CUDA.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FirstByte(uint word)
    {
        CudaAsm.Emit("cvt.rn.f32.u8 %0, %1;", out float value, word);
        return value;
    }

    /// <summary>The one above it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SecondByte(uint word) => FirstByte(word >> 8);

    /// <summary>The lowest byte as a signed number; on CUDA.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FirstSignedByte(uint word)
    {
        CudaAsm.Emit("cvt.rn.f32.s8 %0, %1;", out float value, word);
        return value;
    }

    /// <summary>The one above it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SecondSignedByte(uint word) => FirstSignedByte(word >> 8);

    /// <summary>The same by masks that depend on the lane alone, because lanes with earlier and later runs are in one
    /// wave.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale OfPairsOnOpenCl(Pack words, int run)
    {
        int shift = 8 * (run & 3);
        uint later = (uint)((3 - run) >> 31);
        uint kept = 15 | (~later & 48);
        uint added = later & 48;
        uint scale = ((((words.D & later) | (words.B & ~later)) >> shift) & kept) | ((words.B >> (shift + 2)) & added);
        uint minimum = ((((words.D & later) | (words.C & ~later)) >> (shift + (int)(later & 4))) & kept)
            | ((words.C >> (shift + 2)) & added);
        // As signed numbers, because unsigned ones become floats by way of doubles.
        float d = HalfPair.LowTimes(words.A, (int)scale);
        float offset = -HalfPair.HighTimes(words.A, (int)minimum);
        return new RunScale { Low = d, High = d, LowOffset = offset, HighOffset = offset };
    }
}
