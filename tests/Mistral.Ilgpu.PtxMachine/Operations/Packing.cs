namespace Mistral.Ilgpu.PtxMachine;

/// <summary><c>mov.b64 {low, high}, r</c> and <c>mov.b64 r, {low, high}</c>.</summary>
internal static class Packing
{
    public static RegisterOperation? Find(string type, int[] counts)
    {
        int parts = Math.Max(counts[0], counts[1]);
        int bits = PtxType.Parse(type) is { } whole ? 8 * whole.Bytes / parts : 64;
        ulong mask = (1UL << bits) - 1;
        if (bits > 32 || bits * parts > 64)
        {
            return null;
        }

        return counts[0] > 1
            ? (ref ulong r, Instruction i) =>
            {
                ulong value = Slot.As<ulong>(ref r, i.Operands[parts]);
                for (int part = 0; part < parts; part++)
                {
                    Slot.Set(ref r, i.Operands[part], (value >> (part * bits)) & mask);
                }
            }
            : (ref ulong r, Instruction i) =>
            {
                ulong value = 0;
                for (int part = 0; part < parts; part++)
                {
                    value |= (Slot.As<ulong>(ref r, i.Operands[1 + part]) & mask) << (part * bits);
                }

                Slot.Set(ref r, i.D, value);
            };
    }
}
