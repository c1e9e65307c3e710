using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// What is the same for all runs of a lane, because they have the same place in their blocks. It is computed before the loop
/// over them and stays in registers. For CUDA forms.
/// </summary>
public struct RunFields
{
    /// <summary>The place.</summary>
    public int Run;

    /// <summary>Where sums begin to count, see <see cref="WholeFloat.Zero"/>.</summary>
    public int Zero;

    /// <summary>Bits of quants.</summary>
    public BitField Lower;

    /// <summary>Those that are apart.</summary>
    public BitField Upper;

    /// <summary>Where bits are put together: how far those of quants are turned.</summary>
    public int LowerTurn;

    /// <summary>And those that are apart.</summary>
    public int UpperTurn;

    /// <summary>The upper bit of each byte.</summary>
    public uint Tops;

    /// <summary>Of scales.</summary>
    public ScaleFields Scale;

    /// <summary>Of quants that need nothing but their place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static RunFields Of(int run) => new() { Run = run, Zero = Hoisted.Of(WholeFloat.Zero) };
}
