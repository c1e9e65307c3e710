namespace Mistral.Ilgpu.Planning;

/// <summary>The weights of one product: stacked tensors; consecutive rows of one format form a band.</summary>
internal sealed record MatrixPlan(IReadOnlyList<BandPlan> Bands)
    : WeightPlan(string.Join("+", Bands.SelectMany(band => band.Names)), Bands.Sum(band => band.Bytes))
{
    public int Rows { get; } = Bands.Sum(band => band.Rows);

    public int Columns { get; } = Bands[0].Columns;

    public override long Count => (long)Rows * Columns;
}
