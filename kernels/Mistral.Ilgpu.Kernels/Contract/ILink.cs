namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>
/// A kernel of independent items, each of which any worker may do. So it can be chained, see
/// <see cref="Hardware.Lanes.Chain{TLinks}"/>.
/// </summary>
public interface ILink
{
    long Items { get; }

    void Do(long item);
}
