using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// 16-bit formats into two of which a float32 can be split, x ≈ high + low, so that tensor cores multiply it with twice the bits:
/// two products where one would round x to eight bits or eleven.
/// </summary>
public interface ISplitFormat : ITensorFormat
{
    /// <summary>The nearest number that rounds to a finite one.</summary>
    static abstract float Clamp(float value);

    /// <summary>The lower number of a pair.</summary>
    static abstract float Low(uint pair);

    /// <summary>The upper one.</summary>
    static abstract float High(uint pair);
}

public readonly partial struct BFloat16Tensor : ISplitFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Clamp(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Low(uint pair) => Interop.IntAsFloat(pair << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float High(uint pair) => Interop.IntAsFloat(pair & 0xFFFF0000u);
}

public readonly partial struct Float16Tensor : ISplitFormat
{
    private const float Largest = 65504;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Clamp(float value) => IntrinsicMath.Min(IntrinsicMath.Max(value, -Largest), Largest);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Low(uint pair)
    {
        CudaAsm.Emit("{ .reg .b16 low, high; mov.b32 {low, high}, %1; cvt.f32.f16 %0, low; }", out float value, pair);
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float High(uint pair)
    {
        CudaAsm.Emit("{ .reg .b16 low, high; mov.b32 {low, high}, %1; cvt.f32.f16 %0, high; }", out float value, pair);
        return value;
    }
}

/// <summary>Two activations, each as the sum of two 16-bit numbers.</summary>
internal readonly struct SplitPair(uint high, uint low)
{
    public readonly uint High = high;
    public readonly uint Low = low;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SplitPair Of<TTensor>(float first, float second)
        where TTensor : struct, ISplitFormat
    {
        uint high = TTensor.Pair(TTensor.Clamp(first), TTensor.Clamp(second));
        return new SplitPair(high, TTensor.Pair(first - TTensor.Low(high), second - TTensor.High(high)));
    }
}

/// <summary>Eight neighbouring activations of a token, split: the columns' side of two products of 16 columns with 16 rows of
/// weights.</summary>
internal readonly struct SplitEight<TTensor>
    where TTensor : struct, ISplitFormat
{
    private readonly SplitPair _a, _b, _c, _d;

    /// <param name="exists">Otherwise they are zeros.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SplitEight(Float4 first, Float4 second, bool exists)
    {
        _a = SplitPair.Of<TTensor>(exists ? first.A : 0, exists ? first.B : 0);
        _b = SplitPair.Of<TTensor>(exists ? first.C : 0, exists ? first.D : 0);
        _c = SplitPair.Of<TTensor>(exists ? second.A : 0, exists ? second.B : 0);
        _d = SplitPair.Of<TTensor>(exists ? second.C : 0, exists ? second.D : 0);
    }

    /// <summary>sums + weights × activations, the small parts first.</summary>
    /// <param name="upper">The eight weights of the lane's upper row in these columns.</param>
    /// <param name="lower">Of the row eight below.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Sums16x8 MultiplyAdd(Sums16x8 sums, Pack upper, Pack lower)
    {
        var (a, b, c, d) = (sums.A, sums.B, sums.C, sums.D);
        TTensor.MultiplyAdd(ref a, ref b, ref c, ref d, upper.A, lower.A, upper.B, lower.B, _a.Low, _b.Low);
        TTensor.MultiplyAdd(ref a, ref b, ref c, ref d, upper.C, lower.C, upper.D, lower.D, _c.Low, _d.Low);
        TTensor.MultiplyAdd(ref a, ref b, ref c, ref d, upper.A, lower.A, upper.B, lower.B, _a.High, _b.High);
        TTensor.MultiplyAdd(ref a, ref b, ref c, ref d, upper.C, lower.C, upper.D, lower.D, _c.High, _d.High);
        return new Sums16x8 { A = a, B = b, C = c, D = d };
    }
}
