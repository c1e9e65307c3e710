namespace Mistral.Ilgpu.Planning;

/// <summary>Weights that one product takes: tensors whose rows lie one under the other, neighbours of one format in one
/// band.</summary>
internal sealed record MatrixPlan(IReadOnlyList<BandPlan> Bands)
    : WeightPlan(string.Join("+", Bands.SelectMany(band => band.Names)), Bands.Sum(band => band.Bytes))
{
    public int Rows { get; } = Bands.Sum(band => band.Rows);

    public int Columns { get; } = Bands[0].Columns;

    public override long Count => (long)Rows * Columns;
}
