namespace Mistral.Ilgpu.Planning;

/// <summary>Rows of weights in one format.</summary>
/// <param name="Names">The tensors that they are of.</param>
/// <param name="Bytes">On the device, padding included.</param>
internal sealed record BandPlan(
    IReadOnlyList<string> Names, int Rows, int Columns, TensorFormat Format, WeightLayout Layout, long Bytes);
