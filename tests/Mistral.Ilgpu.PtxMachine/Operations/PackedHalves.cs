namespace Mistral.Ilgpu.PtxMachine;

/// <summary>Arithmetic of two IEEE halves of a register, each rounded to nearest once.</summary>
internal static class PackedHalves
{
    public static void AddTo(Dictionary<string, RegisterOperation> table)
    {
        table["add.rn.f16x2"] = OfBoth((a, b) => a + b);
        table["mul.rn.f16x2"] = OfBoth((a, b) => a * b);
    }

    // Sums and products of halves are exact in doubles.
    private static RegisterOperation OfBoth(Func<double, double, double> f) => Lift.Binary<uint, uint>(
        (a, b) => Of(f, (ushort)a, (ushort)b) | ((uint)Of(f, (ushort)(a >> 16), (ushort)(b >> 16)) << 16));

    private static ushort Of(Func<double, double, double> f, ushort a, ushort b) => BitConverter.HalfToUInt16Bits(
        (Half)f((double)BitConverter.UInt16BitsToHalf(a), (double)BitConverter.UInt16BitsToHalf(b)));
}
