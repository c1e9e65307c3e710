using ILGPU;

namespace Mistral.Ilgpu.Kernels.Hardware.Lanes;

/// <summary>Links that are done one after the other.</summary>
public interface ILinks
{
    /// <param name="at">Where the first link's counters are.</param>
    void Run(ArrayView<int> counters, int at);
}
