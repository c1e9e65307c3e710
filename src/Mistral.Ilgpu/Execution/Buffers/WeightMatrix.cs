using ILGPU.Runtime;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>
/// Weights on the device: rows × columns, as bands of rows that have one format each. Matrices that are stacked to be
/// multiplied in one product have several bands if a file mixes formats.
/// </summary>
/// <param name="updates">The terms that adapters add to the product.</param>
internal sealed class WeightMatrix(string name, IReadOnlyList<WeightBand> bands, IReadOnlyList<LowRankUpdate>? updates = null)
{
    public string Name { get; } = name;

    public IReadOnlyList<WeightBand> Bands { get; } = bands;

    public int Rows { get; } = bands.Sum(band => band.Rows);

    public int Columns { get; } = bands[0].Columns;

    public IReadOnlyList<LowRankUpdate> Updates { get; } = updates ?? [];

    public long Bytes { get; } = bands.Sum(band => band.SizeInBytes);
}
