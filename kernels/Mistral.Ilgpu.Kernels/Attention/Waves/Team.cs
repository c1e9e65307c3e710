using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>Sixteen neighbouring lanes of a wave, which exchange values among themselves alone.</summary>
internal static class Team
{
    public const int Lanes = 16;

    /// <summary>Items of a group.</summary>
    public const int GroupSize = 256;

    /// <summary>Teams of a group.</summary>
    public const int Count = GroupSize / Lanes;

    /// <summary>The item's team.</summary>
    public static int Index
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX >> 4;
    }

    /// <summary>The item's place in its team.</summary>
    public static int Lane
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX & (Lanes - 1);
    }
}
