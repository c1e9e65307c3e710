using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>The quants of a run.</summary>
public struct RunQuants
{
    /// <summary>Of its first half.</summary>
    public Pack Low;

    /// <summary>Of its second half.</summary>
    public Pack High;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly Pack Half(int half) => half == 0 ? Low : High;
}
