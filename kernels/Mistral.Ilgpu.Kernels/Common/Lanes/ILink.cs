using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>A kernel of independent items, any of which any worker may do: so it can be chained, see <see cref="Chain{TLinks}"/>.</summary>
public interface ILink
{
    long Items { get; }

    void Do(long item);
}

/// <summary>Links that are done one after the other.</summary>
public interface ILinks
{
    /// <param name="at">Where the first link's counters are.</param>
    void Run(ArrayView<int> counters, int at);
}

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

/// <summary>The last link.</summary>
public readonly record struct LastLink<TLink>(TLink Link) : ILinks
    where TLink : struct, ILink
{
    public void Run(ArrayView<int> counters, int at) => Workers.Share(Link, counters, at);
}
