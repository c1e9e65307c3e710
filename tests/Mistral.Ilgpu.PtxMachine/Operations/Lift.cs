namespace Mistral.Ilgpu.PtxMachine;

/// <summary>Makes operations on registers of functions of values.</summary>
internal static class Lift
{
    /// <summary>The operand as it is: of what ILGPU generates the most frequent by far, so it calls nothing.</summary>
    public static RegisterOperation Move<T>()
        where T : unmanaged =>
        (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, Slot.As<T>(ref r, i.A));

    public static RegisterOperation Unary<T, TResult>(Func<T, TResult> f)
        where T : unmanaged
        where TResult : unmanaged =>
        (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, f(Slot.As<T>(ref r, i.A)));

    public static RegisterOperation Binary<T, TResult>(Func<T, T, TResult> f)
        where T : unmanaged
        where TResult : unmanaged =>
        (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, f(Slot.As<T>(ref r, i.A), Slot.As<T>(ref r, i.B)));

    public static RegisterOperation Ternary<T, TResult>(Func<T, T, T, TResult> f)
        where T : unmanaged
        where TResult : unmanaged =>
        (ref ulong r, Instruction i) =>
            Slot.Set(ref r, i.D, f(Slot.As<T>(ref r, i.A), Slot.As<T>(ref r, i.B), Slot.As<T>(ref r, i.C)));

    /// <summary>The third operand is as wide as the result.</summary>
    public static RegisterOperation Widening<T, TResult>(Func<T, T, TResult, TResult> f)
        where T : unmanaged
        where TResult : unmanaged =>
        (ref ulong r, Instruction i) =>
            Slot.Set(ref r, i.D, f(Slot.As<T>(ref r, i.A), Slot.As<T>(ref r, i.B), Slot.As<TResult>(ref r, i.C)));

    /// <summary>The second operand has 32 bits whatever the first has.</summary>
    public static RegisterOperation Shift<T>(Func<T, uint, T> f)
        where T : unmanaged =>
        (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, f(Slot.As<T>(ref r, i.A), Slot.As<uint>(ref r, i.B)));

    /// <summary>The first operand where the predicate holds, else the second.</summary>
    public static RegisterOperation Select<T>()
        where T : unmanaged =>
        (ref ulong r, Instruction i) => Slot.Set(ref r, i.D, Slot.As<T>(ref r, Slot.As<bool>(ref r, i.C) ? i.A : i.B));
}
