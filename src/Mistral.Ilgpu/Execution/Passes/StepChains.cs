using System.Reflection;
using ILGPU;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>Binds the steps of each layer as one kernel (see <see cref="Chain{TLinks}"/>).</summary>
/// <param name="counters">A buffer for the counters of all links, by which workers share a launch.</param>
/// <param name="owner">Owns the launches.</param>
/// <param name="isStopped">Evaluated between two chains; stops building.</param>
internal sealed class StepChains(
    ComputeDevice device, IReadOnlyList<Step> steps, ArrayView<int> counters, BoundLaunches owner,
    Func<bool> isStopped)
{
    /// <summary>Builds the launches of a pass; each takes the number of workers.</summary>
    /// <param name="isSplit">Whether the attention of the pass is split.</param>
    public List<Action<Pass, int>> Build(bool isSplit)
    {
        int countersUsed = 0;
        var launches = new List<Action<Pass, int>>();
        var links = new List<ILink>();
        string? layer = null;
        foreach (var step in steps)
        {
            // All layers have the same kernel for their chain.
            if (step.Layer != layer || step.Links(isSplit) is null)
            {
                Flush();
            }

            layer = step.Layer;
            if (step.Links(isSplit) is { } own)
            {
                links.AddRange(own);
            }
            else
            {
                launches.Add((pass, _) => step.Launch(pass));
            }
        }

        Flush();
        return launches;

        void Flush()
        {
            if (links.Count > 0)
            {
                ObjectDisposedException.ThrowIf(isStopped(), this);
                launches.Add(Chain(links, counters.SubView(countersUsed, links.Count * Workers.CounterInts)));
                countersUsed += links.Count * Workers.CounterInts;
                links.Clear();
            }
        }
    }

    private Action<Pass, int> Chain(List<ILink> links, ArrayView<int> own)
    {
        var last = links[^1];
        var chained = (ILinks)Activator.CreateInstance(typeof(LastLink<>).MakeGenericType(last.GetType()), last)!;
        foreach (var link in links.SkipLast(1).Reverse())
        {
            chained = (ILinks)Activator.CreateInstance(
                typeof(Links<,>).MakeGenericType(link.GetType(), chained.GetType()), link, chained)!;
        }

        var bind = typeof(StepChains).GetMethod(nameof(Bind), BindingFlags.NonPublic | BindingFlags.Instance)!
            .MakeGenericMethod(chained.GetType()).CreateDelegate<Func<ILinks, ArrayView<int>, Action<Pass, int>>>(this);
        return bind(chained, own);
    }

    private Action<Pass, int> Bind<TLinks>(ILinks links, ArrayView<int> own)
        where TLinks : struct, ILinks
    {
        var launch = device.Bind(new Chain<TLinks>((TLinks)links, own), owner);
        return (_, workers) => launch(new KernelConfig(workers, 1));
    }
}
