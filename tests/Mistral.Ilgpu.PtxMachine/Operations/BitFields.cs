namespace Mistral.Ilgpu.PtxMachine;

/// <summary>Instructions on bits and bytes of a register.</summary>
internal static class BitFields
{
    public static void AddTo(Dictionary<string, RegisterOperation> table)
    {
        table["bfe.u32"] = (ref ulong r, Instruction i) =>
        {
            var (value, at, length) = Field(ref r, i);
            Slot.Set(ref r, i.D, at > 31 ? 0 : (uint)((value >> at) & ((1UL << length) - 1)));
        };
        table["bfe.s32"] = (ref ulong r, Instruction i) =>
        {
            var (value, at, length) = Field(ref r, i);
            // The sign is that of the field's last bit, or of the register's where the field reaches past it.
            int sign = (int)value << (31 - Math.Min(31, at + length - 1)) >> 31;
            uint field = at > 31 ? 0 : (uint)((value >> at) & ((1UL << length) - 1));
            int known = Math.Min(length, Math.Max(0, 32 - at));
            Slot.Set(ref r, i.D, length == 0 ? 0 : known >= 32 ? field : field | ((uint)sign << known));
        };
        table["bfi.b32"] = (ref ulong r, Instruction i) =>
        {
            uint inserted = Slot.As<uint>(ref r, i.A);
            uint into = Slot.As<uint>(ref r, i.B);
            int at = (int)(Slot.As<uint>(ref r, i.C) & 255);
            int length = (int)(Slot.As<uint>(ref r, i.Operands[4]) & 255);
            uint mask = at > 31 ? 0 : (uint)(((1UL << Math.Min(length, 32)) - 1) << at);
            Slot.Set(ref r, i.D, at > 31 ? into : (into & ~mask) | ((inserted << at) & mask));
        };
        table["prmt.b32"] = (ref ulong r, Instruction i) =>
        {
            ulong bytes = Slot.As<uint>(ref r, i.A) | ((ulong)Slot.As<uint>(ref r, i.B) << 32);
            uint selection = Slot.As<uint>(ref r, i.C);
            uint result = 0;
            for (int b = 0; b < 4; b++)
            {
                int selected = (int)(selection >> (4 * b)) & 15;
                byte value = (byte)(bytes >> (8 * (selected & 7)));
                // The fourth bit selects copies of the byte's sign.
                value = (selected & 8) != 0 ? (byte)((sbyte)value >> 7) : value;
                result |= (uint)value << (8 * b);
            }

            Slot.Set(ref r, i.D, result);
        };
        table["lop3.b32"] = (ref ulong r, Instruction i) =>
        {
            var (a, b, c) = (Slot.As<uint>(ref r, i.A), Slot.As<uint>(ref r, i.B), Slot.As<uint>(ref r, i.C));
            uint truth = Slot.As<uint>(ref r, i.Operands[4]);
            uint result = 0;
            for (int row = 0; row < 8; row++)
            {
                uint matches = ((row & 4) != 0 ? a : ~a) & ((row & 2) != 0 ? b : ~b) & ((row & 1) != 0 ? c : ~c);
                result |= ((truth >> row) & 1) != 0 ? matches : 0;
            }

            Slot.Set(ref r, i.D, result);
        };
        table["shf.l.wrap.b32"] = Funnel((low, high, by) => (uint)(((((ulong)high << 32) | low) << (int)(by & 31)) >> 32));
        table["shf.r.wrap.b32"] = Funnel((low, high, by) => (uint)((((ulong)high << 32) | low) >> (int)(by & 31)));
        table["brev.b32"] = Lift.Unary<uint, uint>(Reverse);
    }

    private static (ulong Value, int At, int Length) Field(ref ulong r, Instruction i) =>
        (Slot.As<uint>(ref r, i.A), (int)(Slot.As<uint>(ref r, i.B) & 255), Math.Min(32, (int)(Slot.As<uint>(ref r, i.C) & 255)));

    private static RegisterOperation Funnel(Func<uint, uint, uint, uint> f) => Lift.Ternary<uint, uint>(f);

    private static uint Reverse(uint value)
    {
        uint result = 0;
        for (int bit = 0; bit < 32; bit++)
        {
            result = (result << 1) | ((value >> bit) & 1);
        }

        return result;
    }
}
