namespace Mistral.Ilgpu.PtxMachine;

/// <summary>What <c>atom</c> and <c>red</c> make of the old value.</summary>
internal static class Atomics
{
    public static AtomicOperation? Find(string operation, string type) => (operation, type) switch
    {
        ("add", "u32" or "s32") => (old, a, _) => (uint)old + (uint)a,
        ("add", "u64") => (old, a, _) => old + a,
        ("add", "f32") => (old, a, _) => BitConverter.SingleToUInt32Bits(Float(old) + Float(a)),
        ("min", "s32") => (old, a, _) => (uint)Math.Min((int)old, (int)a),
        ("max", "s32") => (old, a, _) => (uint)Math.Max((int)old, (int)a),
        ("min", "u32") => (old, a, _) => Math.Min((uint)old, (uint)a),
        ("max", "u32") => (old, a, _) => Math.Max((uint)old, (uint)a),
        ("and", "b32" or "b64") => (old, a, _) => old & a,
        ("or", "b32" or "b64") => (old, a, _) => old | a,
        ("xor", "b32" or "b64") => (old, a, _) => old ^ a,
        ("exch", "b32" or "b64") => (_, a, _) => a,
        ("cas", "b32") => (old, a, b) => (uint)old == (uint)a ? b : old,
        ("cas", "b64") => (old, a, b) => old == a ? b : old,
        _ => null,
    };

    private static float Float(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);
}
