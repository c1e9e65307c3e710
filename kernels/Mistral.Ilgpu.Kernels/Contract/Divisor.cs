using System.Numerics;
using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>
/// A number that kernels divide by, with what makes a multiplication of the division (Granlund and Montgomery, "Division by
/// Invariant Integers using Multiplication"). GPUs divide in software, in some forty instructions. For 0 ≤ n &lt; 2^31 it is ⌊n /
/// d⌋ = ⌊n × m / 2^(31+s)⌋, with s = ⌈log2 d⌉ and m = ⌈2^(31+s) / d⌉. m is below 2^32.
/// </summary>
/// <example>d = 3: s = 2, m = ⌈2^33 / 3⌉ = 2863311531, and 7 × m / 2^33 = 2.33.</example>
public readonly struct Divisor
{
    private readonly int _value;
    private readonly uint _multiplier;
    private readonly int _shift;

    /// <param name="value">At least 1.</param>
    public Divisor(int value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        _value = value;
        _shift = 32 - BitOperations.LeadingZeroCount((uint)value - 1);
        _multiplier = (uint)(((1UL << (31 + _shift)) + (uint)value - 1) / (uint)value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static implicit operator int(Divisor divisor) => divisor._value;

    /// <param name="number">At least 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int operator /(int number, Divisor divisor) =>
        (int)((uint)(((ulong)((uint)number << 1) * divisor._multiplier) >> 32) >> divisor._shift);

    /// <param name="number">At least 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int operator %(int number, Divisor divisor) => number - (number / divisor * divisor._value);
}
