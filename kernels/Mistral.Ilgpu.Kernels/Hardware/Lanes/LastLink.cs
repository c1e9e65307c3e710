using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>The last link.</summary>
public readonly record struct LastLink<TLink>(TLink Link) : ILinks
    where TLink : struct, ILink
{
    public void Run(ArrayView<int> counters, int at) => Workers.Share(Link, counters, at);
}
