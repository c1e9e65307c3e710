using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>One token normed and in eight bits in each group's own shared memory: to the bit what
/// <see cref="Rows.RmsNormWarp{TExtra}"/> makes of it.</summary>
public static class NormedInput
{
    /// <summary>Columns that there is room for.</summary>
    public const int MostColumns = 8192;

    /// <param name="input">The token's row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PackedInput Load(ArrayView<Floats4> input, long from, RmsNormed norm)
    {
        var packed = new PackedInput(
            SharedMemory.Allocate<uint>(MostColumns / PackedRun.PerLane),
            SharedMemory.Allocate<Floats4>(MostColumns / BlockRun.Length), norm.Columns);
        float scale = norm.ScaleOf(input, from);
        int fours = norm.Columns / PackedRun.PerLane;
        for (int first = 0; first < fours; first += Group.DimX)
        {
            // Lanes past the end repeat the last one, see there.
            int four = first + Group.IdxX;
            int source = IntrinsicMath.Min(four, fours - 1);
            PackedRun.Write(packed, 0, source, norm.Apply(input[from + source], scale, source), four < fours);
        }

        Group.Barrier();
        return packed;
    }
}
