using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// Bits of quants that are multiplied where they lie in their bytes. A product of four bytes takes them there, and is too large
/// by a power of two. What makes a float of the sum (see <see cref="WholeFloat"/>) mends that, exactly. Otherwise a shift of each
/// word would bring the bits down. For CUDA forms.
/// </summary>
public struct BitField
{
    /// <summary>The bits in their place.</summary>
    public uint Mask;

    /// <summary>What a sum is multiplied with.</summary>
    public float Factor;

    /// <summary>And what is added then.</summary>
    public float Start;

    /// <param name="mask">Of the lowest place.</param>
    /// <param name="shift">How far above it the bits are.</param>
    /// <param name="worth">Of the lowest bit: a power of two.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static BitField Of(uint mask, int shift, float worth)
    {
        float factor = worth * Interop.IntAsFloat((uint)(127 - shift) << 23);
        return new BitField
        {
            Mask = Hoisted.Of(mask << shift), Factor = Hoisted.Of(factor), Start = Hoisted.Of(-WholeFloat.ZeroValue * factor),
        };
    }

    /// <summary>Σ bits × activation over sixteen bytes.</summary>
    /// <param name="zero">Where to begin to count: <see cref="RunFields.Zero"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly float Dot(int zero, Pack words, Pack x) => Value(Add(zero, words, x));

    /// <summary>The same over both halves of a run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly float Dot(int zero, Pack low, Pack high, Pack lowX, Pack highX) =>
        Value(Add(Add(zero, low, lowX), high, highX));

    /// <summary>The same of bits that are not set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly float DotOfUnset(int zero, Pack words, Pack x) =>
        Dot(zero, new Pack { A = ~words.A, B = ~words.B, C = ~words.C, D = ~words.D }, x);

    /// <summary>Of a counted sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly float Value(int counted) => Fused.MultiplyAdd(Interop.IntAsFloat((uint)counted), Factor, Start);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly int Add(int sum, Pack words, Pack x) => Dp4a.AddUnsigned(
        Dp4a.AddUnsigned(
            Dp4a.AddUnsigned(Dp4a.AddUnsigned(sum, words.A & Mask, x.A), words.B & Mask, x.B), words.C & Mask, x.C),
        words.D & Mask, x.D);
}
