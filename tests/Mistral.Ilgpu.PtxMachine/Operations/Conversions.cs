namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// <c>cvt</c> between integers, f16, bf16, f32 and f64, and of two f32 to a packed pair. Floats become integers as in PTX:
/// rounded as named, clamped to the type, NaN to zero.
/// </summary>
internal static class Conversions
{
    private static readonly Dictionary<string, Func<double, double>> Roundings = new()
    {
        ["rzi"] = Math.Truncate,
        ["rni"] = value => Math.Round(value, MidpointRounding.ToEven),
        ["rmi"] = Math.Floor,
        ["rpi"] = Math.Ceiling,
    };

    public static RegisterOperation? Find(string mnemonic) => mnemonic.Split('.') switch
    {
        ["cvt", "rn", "f16x2", "f32"] => Pair(EncodeHalf),
        ["cvt", "rn", "bf16x2", "f32"] => Pair(EncodeBFloat16),
        ["cvt", var to, var from] => Find(to, from, "rn", isExact: true),
        ["cvt", var rounding, var to, var from] => Find(to, from, rounding, isExact: false),
        _ => null,
    };

    /// <summary>A float of any kind from its bits.</summary>
    public static float DecodeHalf(ushort bits) => (float)BitConverter.UInt16BitsToHalf(bits);

    public static float DecodeBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    private static ushort EncodeHalf(float value) => BitConverter.HalfToUInt16Bits((Half)value);

    private static ushort EncodeBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        // To the nearest, and halfway to the even one; a NaN stays one.
        return float.IsNaN(value) ? (ushort)0x7FFF : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    // The first operand is the upper half.
    private static RegisterOperation Pair(Func<float, ushort> encode) =>
        Lift.Binary<float, uint>((upper, lower) => ((uint)encode(upper) << 16) | encode(lower));

    private static RegisterOperation? Find(string to, string from, string rounding, bool isExact)
    {
        bool isFromFloat = from is "f16" or "bf16" or "f32" or "f64";
        bool isToFloat = to is "f16" or "bf16" or "f32" or "f64";
        if (!isFromFloat && !isToFloat)
        {
            return isExact ? Integer(to, from) : null;
        }

        if (isFromFloat)
        {
            var read = ReadFloat(from);
            return Roundings.TryGetValue(rounding, out var round)
                ? isToFloat ? to == from ? WriteFloat(to, (ref ulong r, int slot) => round(read(ref r, slot))) : null
                : ToInteger(to, (ref ulong r, int slot) => round(read(ref r, slot)))
                : isToFloat && rounding == "rn" ? WriteFloat(to, read) : null;
        }

        return rounding == "rn" ? FromInteger(to, from) : null;
    }

    private delegate double Reader(ref ulong registers, int slot);

    private static Reader ReadFloat(string type) => type switch
    {
        "f16" => (ref ulong r, int slot) => DecodeHalf(Slot.As<ushort>(ref r, slot)),
        "bf16" => (ref ulong r, int slot) => DecodeBFloat16(Slot.As<ushort>(ref r, slot)),
        "f32" => (ref ulong r, int slot) => Slot.As<float>(ref r, slot),
        _ => (ref ulong r, int slot) => Slot.As<double>(ref r, slot),
    };

    private static RegisterOperation WriteFloat(string type, Reader read) => type switch
    {
        "f16" => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, BitConverter.HalfToUInt16Bits((Half)read(ref r, i.A))),
        "bf16" => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, EncodeBFloat16((float)read(ref r, i.A))),
        "f32" => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (float)read(ref r, i.A)),
        _ => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, read(ref r, i.A)),
    };

    // Conversions of .NET clamp, and make zero of NaN.
    private static RegisterOperation? ToInteger(string type, Reader read) => type switch
    {
        "s8" => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (sbyte)Math.Clamp(read(ref r, i.A), sbyte.MinValue, sbyte.MaxValue)),
        "u8" => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (byte)Math.Clamp(read(ref r, i.A), byte.MinValue, byte.MaxValue)),
        "s16" => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (short)Math.Clamp(read(ref r, i.A), short.MinValue, short.MaxValue)),
        "u16" => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (ushort)Math.Clamp(read(ref r, i.A), ushort.MinValue, ushort.MaxValue)),
        "s32" => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (int)read(ref r, i.A)),
        "u32" => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (uint)read(ref r, i.A)),
        "s64" => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (long)read(ref r, i.A)),
        "u64" => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (ulong)read(ref r, i.A)),
        _ => null,
    };

    private static RegisterOperation? FromInteger(string to, string from) => (to, PtxType.Parse(from)) switch
    {
        ("f32", { IsSigned: true } type) =>
            (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (float)Signed(ref r, i.A, type.Bytes)),
        ("f32", { } type) => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (float)Unsigned(ref r, i.A, type.Bytes)),
        ("f64", { IsSigned: true } type) =>
            (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (double)Signed(ref r, i.A, type.Bytes)),
        ("f64", { } type) => (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, (double)Unsigned(ref r, i.A, type.Bytes)),
        ("f16", { IsSigned: true } type) => (ref ulong r, Instruction i) =>
            Slot.Set(ref r, i.D, BitConverter.HalfToUInt16Bits((Half)Signed(ref r, i.A, type.Bytes))),
        _ => null,
    };

    // The source is extended by its own sign, then cut to the result's width.
    private static RegisterOperation? Integer(string to, string from) => (PtxType.Parse(to), PtxType.Parse(from)) switch
    {
        ({ } result, { IsSigned: true } type) =>
            (ref ulong r, Instruction i) => Set(ref r, i.D, (ulong)Signed(ref r, i.A, type.Bytes), result),
        ({ } result, { } type) => (ref ulong r, Instruction i) => Set(ref r, i.D, Unsigned(ref r, i.A, type.Bytes), result),
        _ => null,
    };

    private static void Set(ref ulong r, int slot, ulong value, PtxType type)
    {
        int unused = 64 - (8 * type.Bytes);
        Slot.Set(
            ref r, slot,
            type.IsSigned && type.Bytes < 4 ? (ulong)((long)(value << unused) >> unused) : value << unused >> unused);
    }

    private static long Signed(ref ulong r, int slot, int bytes) => bytes switch
    {
        1 => Slot.As<sbyte>(ref r, slot),
        2 => Slot.As<short>(ref r, slot),
        4 => Slot.As<int>(ref r, slot),
        _ => Slot.As<long>(ref r, slot),
    };

    private static ulong Unsigned(ref ulong r, int slot, int bytes) => bytes switch
    {
        1 => Slot.As<byte>(ref r, slot),
        2 => Slot.As<ushort>(ref r, slot),
        4 => Slot.As<uint>(ref r, slot),
        _ => Slot.As<ulong>(ref r, slot),
    };
}
