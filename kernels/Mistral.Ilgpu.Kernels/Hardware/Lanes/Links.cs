using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Lanes;

/// <summary>A link before others.</summary>
public readonly record struct Links<TFirst, TRest>(TFirst First, TRest Rest) : ILinks
    where TFirst : struct, ILink
    where TRest : struct, ILinks
{
    public void Run(ArrayView<int> counters, int at)
    {
        Workers.Share(First, counters, at);
        Rest.Run(counters, at + Workers.CounterInts);
    }
}
