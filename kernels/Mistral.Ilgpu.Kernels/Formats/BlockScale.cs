using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Scales of blocks that have one for all their weights.</summary>
internal static class BlockScale
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Of(ushort scale)
    {
        float d = Float16.Decode(scale);
        return new RunScale { Low = d, High = d };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Of(ushort scale, ushort minimum)
    {
        float d = Float16.Decode(scale);
        float m = Float16.Decode(minimum);
        return new RunScale { Low = d, High = d, LowOffset = m, HighOffset = m };
    }
}
