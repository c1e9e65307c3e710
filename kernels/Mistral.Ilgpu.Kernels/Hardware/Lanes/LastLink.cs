using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Lanes;

/// <summary>The last link.</summary>
public readonly record struct LastLink<TLink>(TLink Link) : ILinks
    where TLink : struct, ILink
{
    public void Run(ArrayView<int> counters, int at) => Workers.Share(Link, counters, at);
}
