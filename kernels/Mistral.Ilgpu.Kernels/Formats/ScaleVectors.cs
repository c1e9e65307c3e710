using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Scales as vectors.</summary>
internal static class ScaleVectors
{
    /// <summary>One half for each of eight runs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales OfHalves(ref readonly ushort scales) => new() { Low = Halves(Widened(in scales)) };

    /// <summary>Two halves for each of eight runs, scale and offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales OfPairs(ref readonly ushort scales)
    {
        var pairs = Vector256.LoadUnsafe(in scales).AsInt32();
        var offsets = Halves(pairs >>> 16);
        return new EightScales { Low = Halves(pairs), LowOffset = offsets, HighOffset = offsets };
    }

    /// <summary>Eight words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Widened(ref readonly ushort words)
    {
        var (low, high) = Vector128.Widen(Vector128.LoadUnsafe(in words));
        return Vector256.Create(low, high).AsInt32();
    }

    /// <summary>The first eight bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Widened(ulong bytes)
    {
        var (low, high) = Vector128.Widen(Vector128.WidenLower(Vector128.CreateScalar(bytes).AsByte()));
        return Vector256.Create(low, high).AsInt32();
    }

    // As Float16.DecodeLane: of each the lower 16 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Halves(Vector256<int> bits) =>
        (((bits << 16) >> 3) & Vector256.Create(unchecked((int)0x8FFFE000))).AsSingle() * 5.192296858534828e33f;
}
