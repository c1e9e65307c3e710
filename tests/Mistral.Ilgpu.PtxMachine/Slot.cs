using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// A slot of 64 bits as the type that an instruction names. Narrow signed results fill the slot with their sign, so that it reads
/// rightly in every width; all others fill it with zeros.
/// </summary>
internal static class Slot
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref T As<T>(ref ulong registers, int slot)
        where T : unmanaged => ref Unsafe.As<ulong, T>(ref Unsafe.Add(ref registers, slot));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set<T>(ref ulong registers, int slot, T value)
        where T : unmanaged
    {
        if (typeof(T) == typeof(sbyte) || typeof(T) == typeof(short))
        {
            Unsafe.Add(ref registers, slot) = typeof(T) == typeof(sbyte)
                ? (ulong)Unsafe.BitCast<T, sbyte>(value)
                : (ulong)Unsafe.BitCast<T, short>(value);
        }
        else if (typeof(T) == typeof(bool))
        {
            Unsafe.Add(ref registers, slot) = Unsafe.BitCast<T, bool>(value) ? 1UL : 0;
        }
        else
        {
            Unsafe.Add(ref registers, slot) = 0;
            As<T>(ref registers, slot) = value;
        }
    }
}
