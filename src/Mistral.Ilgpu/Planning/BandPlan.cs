namespace Mistral.Ilgpu.Planning;

/// <summary>Rows of weights in one format.</summary>
/// <param name="Names">The tensors that the rows belong to.</param>
/// <param name="Bytes">Bytes on the device, including padding.</param>
internal sealed record BandPlan(
    IReadOnlyList<string> Names, int Rows, int Columns, TensorFormat Format, WeightLayout Layout, long Bytes);
