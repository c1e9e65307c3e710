using System.Numerics;
using static Mistral.Ilgpu.PtxMachine.Lift;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Instructions that read and write registers alone, by name. Float products and sums are rounded one by one: PTX lets the
/// assembler fuse those that name no rounding, so hardware may be closer. Approximations are as good as PTX promises and no
/// better, see <see cref="Approximate"/>.
/// </summary>
internal static class RegisterOperations
{
    private static readonly Dictionary<string, RegisterOperation> Table = Build();

    public static RegisterOperation? Find(string mnemonic) => Table.GetValueOrDefault(mnemonic) ?? Conversions.Find(mnemonic);

    private static Dictionary<string, RegisterOperation> Build()
    {
        var table = new Dictionary<string, RegisterOperation>();
        Signed<short>(table, "s16");
        Signed<int>(table, "s32");
        Signed<long>(table, "s64");
        Integers<ushort>(table, "u16");
        Integers<uint>(table, "u32");
        Integers<ulong>(table, "u64");
        Bits<ushort>(table, "b16");
        Bits<uint>(table, "b32");
        Bits<ulong>(table, "b64");
        Floats<float>(table, "f32");
        Floats<double>(table, "f64");
        Wide(table);
        Predicates(table);
        Approximations(table);
        BitFields.AddTo(table);
        PackedIntegers.AddTo(table);
        PackedHalves.AddTo(table);
        foreach (string space in new[] { "global", "shared", "local" })
        {
            ulong window = AddressWindows.Of(space);
            table[$"cvta.{space}.u64"] = Unary<ulong, ulong>(address => address + window);
            table[$"cvta.to.{space}.u64"] = Unary<ulong, ulong>(address => address - window);
        }

        return table;
    }

    private static void Signed<T>(Dictionary<string, RegisterOperation> table, string type)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        Integers<T>(table, type);
        table[$"neg.{type}"] = Unary<T, T>(a => -a);
        table[$"abs.{type}"] = Unary<T, T>(a => T.IsNegative(a) ? -a : a);
    }

    private static void Integers<T>(Dictionary<string, RegisterOperation> table, string type)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        int bits = int.Parse(type.AsSpan(1));
        table[$"mov.{type}"] = Move<T>();
        table[$"add.{type}"] = Binary<T, T>((a, b) => a + b);
        table[$"sub.{type}"] = Binary<T, T>((a, b) => a - b);
        table[$"mul.lo.{type}"] = Binary<T, T>((a, b) => a * b);
        table[$"mad.lo.{type}"] = Ternary<T, T>((a, b, c) => (a * b) + c);
        table[$"div.{type}"] = Binary<T, T>((a, b) => a / b);
        table[$"rem.{type}"] = Binary<T, T>((a, b) => a % b);
        table[$"min.{type}"] = Binary<T, T>(T.Min);
        table[$"max.{type}"] = Binary<T, T>(T.Max);
        table[$"selp.{type}"] = Select<T>();
        // Past the width nothing is left but copies of the sign.
        table[$"shr.{type}"] = Shift<T>((a, by) => by >= bits ? (T.IsNegative(a) ? -T.One : T.Zero) : a >> (int)by);
        Compare<T>(table, type, "eq", (a, b) => a == b);
        Compare<T>(table, type, "ne", (a, b) => a != b);
        Compare<T>(table, type, "lt", (a, b) => a < b);
        Compare<T>(table, type, "le", (a, b) => a <= b);
        Compare<T>(table, type, "gt", (a, b) => a > b);
        Compare<T>(table, type, "ge", (a, b) => a >= b);
        Compare<T>(table, type, "lo", (a, b) => a < b);
        Compare<T>(table, type, "ls", (a, b) => a <= b);
        Compare<T>(table, type, "hi", (a, b) => a > b);
        Compare<T>(table, type, "hs", (a, b) => a >= b);
    }

    private static void Bits<T>(Dictionary<string, RegisterOperation> table, string type)
        where T : unmanaged, IBinaryInteger<T>
    {
        int bits = int.Parse(type.AsSpan(1));
        table[$"mov.{type}"] = Move<T>();
        table[$"not.{type}"] = Unary<T, T>(a => ~a);
        table[$"and.{type}"] = Binary<T, T>((a, b) => a & b);
        table[$"or.{type}"] = Binary<T, T>((a, b) => a | b);
        table[$"xor.{type}"] = Binary<T, T>((a, b) => a ^ b);
        table[$"selp.{type}"] = Select<T>();
        table[$"shl.{type}"] = Shift<T>((a, by) => by >= bits ? T.Zero : a << (int)by);
        table[$"shr.{type}"] = Shift<T>((a, by) => by >= bits ? T.Zero : a >> (int)by);
        table[$"popc.{type}"] = Unary<T, uint>(a => uint.CreateTruncating(T.PopCount(a)));
        table[$"clz.{type}"] = Unary<T, uint>(a => uint.CreateTruncating(T.LeadingZeroCount(a)));
        Compare<T>(table, type, "eq", (a, b) => a == b);
        Compare<T>(table, type, "ne", (a, b) => a != b);
    }

    private static void Floats<T>(Dictionary<string, RegisterOperation> table, string type)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        table[$"mov.{type}"] = Move<T>();
        table[$"neg.{type}"] = Unary<T, T>(a => -a);
        table[$"abs.{type}"] = Unary<T, T>(T.Abs);
        table[$"selp.{type}"] = Select<T>();
        table[$"min.{type}"] = Binary<T, T>(T.MinNumber);
        table[$"max.{type}"] = Binary<T, T>(T.MaxNumber);
        foreach (string rounding in new[] { "", "rn." })
        {
            table[$"add.{rounding}{type}"] = Binary<T, T>((a, b) => a + b);
            table[$"sub.{rounding}{type}"] = Binary<T, T>((a, b) => a - b);
            table[$"mul.{rounding}{type}"] = Binary<T, T>((a, b) => a * b);
        }

        table[$"fma.rn.{type}"] = Ternary<T, T>(T.FusedMultiplyAdd);
        table[$"mad.rn.{type}"] = Ternary<T, T>(T.FusedMultiplyAdd);
        table[$"div.rn.{type}"] = Binary<T, T>((a, b) => a / b);
        table[$"rcp.rn.{type}"] = Unary<T, T>(a => T.One / a);
        table[$"sqrt.rn.{type}"] = Unary<T, T>(T.Sqrt);
        table[$"testp.notanumber.{type}"] = Unary<T, bool>(T.IsNaN);
        table[$"testp.infinite.{type}"] = Unary<T, bool>(T.IsInfinity);
        table[$"testp.finite.{type}"] = Unary<T, bool>(T.IsFinite);
        Compare<T>(table, type, "eq", (a, b) => a == b);
        Compare<T>(table, type, "ne", (a, b) => a < b || a > b);
        Compare<T>(table, type, "lt", (a, b) => a < b);
        Compare<T>(table, type, "le", (a, b) => a <= b);
        Compare<T>(table, type, "gt", (a, b) => a > b);
        Compare<T>(table, type, "ge", (a, b) => a >= b);
        Compare<T>(table, type, "equ", (a, b) => !(a < b || a > b));
        Compare<T>(table, type, "neu", (a, b) => a != b);
        Compare<T>(table, type, "ltu", (a, b) => !(a >= b));
        Compare<T>(table, type, "leu", (a, b) => !(a > b));
        Compare<T>(table, type, "gtu", (a, b) => !(a <= b));
        Compare<T>(table, type, "geu", (a, b) => !(a < b));
        Compare<T>(table, type, "num", (a, b) => !T.IsNaN(a) && !T.IsNaN(b));
        Compare<T>(table, type, "nan", (a, b) => T.IsNaN(a) || T.IsNaN(b));
    }

    private static void Compare<T>(Dictionary<string, RegisterOperation> table, string type, string name, Func<T, T, bool> holds)
        where T : unmanaged => table[$"setp.{name}.{type}"] = Binary<T, bool>(holds);

    private static void Wide(Dictionary<string, RegisterOperation> table)
    {
        table["mul.wide.s16"] = Binary<short, int>((a, b) => a * b);
        table["mul.wide.u16"] = Binary<ushort, uint>((a, b) => (uint)a * b);
        table["mul.wide.s32"] = Binary<int, long>((a, b) => (long)a * b);
        table["mul.wide.u32"] = Binary<uint, ulong>((a, b) => (ulong)a * b);
        table["mad.wide.s32"] = Widening<int, long>((a, b, c) => ((long)a * b) + c);
        table["mad.wide.u32"] = Widening<uint, ulong>((a, b, c) => ((ulong)a * b) + c);
        table["mul.hi.s32"] = Binary<int, int>((a, b) => (int)(((long)a * b) >> 32));
        table["mul.hi.u32"] = Binary<uint, uint>((a, b) => (uint)(((ulong)a * b) >> 32));
        table["mul.hi.s64"] = Binary<long, long>((a, b) => Math.BigMul(a, b, out long _));
        table["mul.hi.u64"] = Binary<ulong, ulong>((a, b) => Math.BigMul(a, b, out ulong _));
    }

    private static void Predicates(Dictionary<string, RegisterOperation> table)
    {
        table["mov.pred"] = Move<bool>();
        table["not.pred"] = Unary<bool, bool>(a => !a);
        table["and.pred"] = Binary<bool, bool>((a, b) => a & b);
        table["or.pred"] = Binary<bool, bool>((a, b) => a | b);
        table["xor.pred"] = Binary<bool, bool>((a, b) => a ^ b);
    }

    private static void Approximations(Dictionary<string, RegisterOperation> table)
    {
        table["ex2.approx.f32"] = Unary<float, float>(a => Approximate.Relative(double.Exp2(a)));
        table["lg2.approx.f32"] = Unary<float, float>(a => Approximate.Relative(Math.Log2(a)));
        table["rcp.approx.f32"] = Unary<float, float>(a => Approximate.Relative(1.0 / a));
        table["sqrt.approx.f32"] = Unary<float, float>(a => Approximate.Relative(Math.Sqrt(a)));
        table["rsqrt.approx.f32"] = Unary<float, float>(a => Approximate.Relative(1 / Math.Sqrt(a)));
        table["div.approx.f32"] = Binary<float, float>((a, b) => Approximate.Relative((double)a / b));
        table["div.full.f32"] = Binary<float, float>((a, b) => Approximate.Relative((double)a / b));
        table["sin.approx.f32"] = Unary<float, float>(a => Approximate.Absolute(Math.Sin(a)));
        table["cos.approx.f32"] = Unary<float, float>(a => Approximate.Absolute(Math.Cos(a)));
        table["tanh.approx.f32"] = Unary<float, float>(a => (float)Math.Tanh(a));
    }
}
