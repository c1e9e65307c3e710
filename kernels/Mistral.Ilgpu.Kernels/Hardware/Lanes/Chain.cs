using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Lanes;

/// <summary>
/// Several kernels in one launch, each begun when the one before is done. On CPUs a launch costs more than many steps of a
/// decoded token. Any number of groups of one item, as many as there are cores. Counters: <see cref="Workers.CounterInts"/> zeros
/// for each link.
/// </summary>
[LaneForm]
public readonly record struct Chain<TLinks>(TLinks Links, ArrayView<int> Counters) : IKernel
    where TLinks : struct, ILinks
{
    public void Execute() => Links.Run(Counters, 0);
}
