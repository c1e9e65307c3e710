using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Choosing;

/// <summary>Keys of a few tokens in a group's shared memory, in any order.</summary>
/// <param name="Keys">Room for <see cref="Capacity"/>.</param>
/// <param name="Taken">One counter.</param>
public readonly record struct TokenList(ArrayView<ulong> Keys, ArrayView<int> Taken)
{
    public const int Capacity = 1024;

    /// <summary>Gathers a row's tokens up to a key. Every item of the group must call it.</summary>
    /// <returns>How many there are; −1 if they are more than there is room for.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Gather(LogitRow logits, float best, ulong last)
    {
        if (Group.IdxX == 0)
        {
            Taken[0] = 0;
        }

        Group.Barrier();
        bool isRoom = true;
        for (int pack = Group.IdxX; isRoom && pack < logits.Packs; pack += Group.DimX)
        {
            var values = logits.Load(pack);
            isRoom &= Add(TokenOrder.Key(values.A, 4 * pack, best), last);
            isRoom &= Add(TokenOrder.Key(values.B, (4 * pack) + 1, best), last);
            isRoom &= Add(TokenOrder.Key(values.C, (4 * pack) + 2, best), last);
            isRoom &= Add(TokenOrder.Key(values.D, (4 * pack) + 3, best), last);
        }

        Group.Barrier();
        return Taken[0] <= Capacity ? Taken[0] : -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Add(ulong key, ulong last)
    {
        if (key > last)
        {
            return true;
        }

        int at = Atomic.Add(ref Taken[0], 1);
        if (at < Capacity)
        {
            Keys[at] = key;
        }

        return at < Capacity;
    }
}
