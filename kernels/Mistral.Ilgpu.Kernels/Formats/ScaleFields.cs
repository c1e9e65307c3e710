using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Where a run's scales lie among those of its block, see <see cref="RunFields"/>.</summary>
public struct ScaleFields
{
    /// <summary>Numbers of bytes, see <see cref="PackedBytes.Permute"/>.</summary>
    public uint Bytes;

    /// <summary>Masks of the later runs, and of bits that are kept and added, see
    /// <see cref="PackedScale.InPairs"/>.</summary>
    public uint Later, Kept, Added;

    /// <summary>How far the lower bits of scales are above their place, and how far the upper ones are turned.</summary>
    public int Shift, Turn;

    /// <summary>Of the blocks of <see cref="ScaleAndMinimum"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ScaleFields OfPairs(int run)
    {
        uint later = (uint)((3 - run) >> 31);
        return new ScaleFields
        {
            // A byte of the first word, and one of the second; what is beside them goes by the masks.
            Bytes = Hoisted.Of(0x0400 + ((uint)(run & 3) * 0x0101)), Later = Hoisted.Of(later),
            Kept = Hoisted.Of(0x000F000F | (~later & 0x00300030)), Added = Hoisted.Of(later & 0x00300030),
        };
    }
}
