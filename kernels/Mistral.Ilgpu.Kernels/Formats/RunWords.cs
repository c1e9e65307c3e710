using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>The words that the quants of a run are among, as they lie in memory: loads that are not decoded yet need no more
/// registers.</summary>
public struct RunWords
{
    /// <summary>Of the first half, or of both.</summary>
    public Pack Low;

    /// <summary>Of the second half.</summary>
    public Pack High;

    /// <summary>With the upper bits of the first half, or of both, where those are apart.</summary>
    public Pack UpperLow;

    /// <summary>With those of the second half.</summary>
    public Pack UpperHigh;
}
