using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Choosing;

/// <summary>
/// Weights of a group's tokens by bins, in shared memory, and where among the bins a sum is reached. Sums of 64 bits are kept in
/// halves, whose additions carry. They are the same in any order. Atomics of 32 bits suffice; those of 64 are loops. Any group
/// size.
/// </summary>
/// <param name="Low">Lower halves, <see cref="Bins"/>.</param>
/// <param name="High">Upper halves, <see cref="Bins"/>.</param>
/// <param name="Sums">Sums of blocks of bins and of runs of blocks, and what is found; <see cref="SumCount"/>.</param>
public readonly record struct Tally(ArrayView<uint> Low, ArrayView<uint> High, ArrayView<ulong> Sums)
{
    public const int BinBits = 11;

    public const int Bins = 1 << BinBits;

    public const int SumCount = Blocks + Runs + 3;

    // 8 runs of 16 blocks of 16 bins: one item reads no more than 8 + 16 + 16 sums to find a bin.
    private const int PerBlock = 16;
    private const int Blocks = Bins / PerBlock;
    private const int PerRun = 16;
    private const int Runs = Blocks / PerRun;
    private const int BinAt = Blocks + Runs;
    private const int LeftAt = BinAt + 1;
    private const int SumAt = BinAt + 2;

    /// <summary>The bin that was found.</summary>
    public uint FoundBin
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (uint)Sums[BinAt];
    }

    /// <summary>How much of what was to be reached is left for that bin.</summary>
    public ulong FoundLeft
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Sums[LeftAt];
    }

    /// <summary>The sum of that bin.</summary>
    public ulong FoundSum
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Sums[SumAt];
    }

    /// <summary>Empties the bins. Every item of the group must call it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Clear()
    {
        for (int bin = Group.IdxX; bin < Bins; bin += Group.DimX)
        {
            Low[bin] = 0;
            High[bin] = 0;
        }

        Group.Barrier();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(uint bin, ulong weight)
    {
        uint low = (uint)weight;
        uint before = Atomic.Add(ref Low[(int)bin], low);
        uint high = (uint)(weight >> 32) + (before + low < low ? 1u : 0u);
        if (high != 0)
        {
            Atomic.Add(ref High[(int)bin], high);
        }
    }

    /// <summary>Sums the bins. Every item of the group must call it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Sum()
    {
        Group.Barrier();
        for (int block = Group.IdxX; block < Blocks; block += Group.DimX)
        {
            ulong sum = 0;
            for (int i = 0; i < PerBlock; i++)
            {
                // Neighbouring items begin at different banks.
                sum += Bin((block * PerBlock) + ((i + block) & (PerBlock - 1)));
            }

            Sums[block] = sum;
        }

        Group.Barrier();
        for (int run = Group.IdxX; run < Runs; run += Group.DimX)
        {
            ulong sum = 0;
            for (int i = 0; i < PerRun; i++)
            {
                sum += Sums[(run * PerRun) + i];
            }

            Sums[Blocks + run] = sum;
        }

        Group.Barrier();
    }

    /// <summary>The sum of all bins, after <see cref="Sum"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Total()
    {
        ulong total = 0;
        for (int run = 0; run < Runs; run++)
        {
            total += Sums[Blocks + run];
        }

        return total;
    }

    /// <summary>Finds the bin at which the sum of bins from the first reaches <paramref name="need"/>, which is no more than
    /// their total. One item calls it, after <see cref="Sum"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Find(ulong need)
    {
        ulong left = need;
        int run = 0;
        while (run < Runs - 1 && Sums[Blocks + run] < left)
        {
            left -= Sums[Blocks + run++];
        }

        int block = run * PerRun;
        while (block < (run * PerRun) + PerRun - 1 && Sums[block] < left)
        {
            left -= Sums[block++];
        }

        int bin = block * PerBlock;
        ulong sum = Bin(bin);
        while (bin < (block * PerBlock) + PerBlock - 1 && sum < left)
        {
            left -= sum;
            sum = Bin(++bin);
        }

        Sums[BinAt] = (uint)bin;
        Sums[LeftAt] = left;
        Sums[SumAt] = sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Bin(int bin) => ((ulong)High[bin] << 32) | Low[bin];
}
