using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Choosing;

/// <summary>A row of logits, read in packs of four; what lies behind its columns is −∞.</summary>
public readonly record struct LogitRow(ArrayView<Floats4> Values, int Columns)
{
    public int Packs
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Columns + 3) / 4;
    }

    public float this[int id]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            var pack = Values[id / 4];
            int at = id & 3;
            return at == 0 ? pack.A : at == 1 ? pack.B : at == 2 ? pack.C : pack.D;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Floats4 Load(int pack)
    {
        var values = Values[pack];
        int behind = Columns - (4 * pack);
        values.B = behind > 1 ? values.B : float.NegativeInfinity;
        values.C = behind > 2 ? values.C : float.NegativeInfinity;
        values.D = behind > 3 ? values.D : float.NegativeInfinity;
        return values;
    }

    /// <summary>The highest rank of a group's row, and in <paramref name="shared"/>[1] the first token that has it. Every item
    /// must call it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Likeliest(ArrayView<uint> shared)
    {
        if (Group.IdxX == 0)
        {
            shared[0] = 0;
            shared[1] = uint.MaxValue;
        }

        uint rank = 0;
        int first = 0;
        for (int pack = Group.IdxX; pack < Packs; pack += Group.DimX)
        {
            var values = Load(pack);
            Take(values.A, 4 * pack, ref rank, ref first);
            Take(values.B, (4 * pack) + 1, ref rank, ref first);
            Take(values.C, (4 * pack) + 2, ref rank, ref first);
            Take(values.D, (4 * pack) + 3, ref rank, ref first);
        }

        Group.Barrier();
        Atomic.Max(ref shared[0], rank);
        Group.Barrier();
        uint highest = shared[0];
        if (rank == highest)
        {
            Atomic.Min(ref shared[1], (uint)first);
        }

        Group.Barrier();
        return highest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Take(float logit, int id, ref uint rank, ref int first)
    {
        uint own = TokenOrder.Rank(logit);
        first = own > rank ? id : first;
        rank = own > rank ? own : rank;
    }
}
