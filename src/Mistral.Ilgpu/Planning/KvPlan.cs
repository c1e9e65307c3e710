namespace Mistral.Ilgpu.Planning;

/// <summary>The cache of one layer.</summary>
/// <param name="Window">The most positions that a query attends to, including its own.</param>
/// <param name="RingLength">Positions in the ring of one sequence: the window, rounded up to whole pages.</param>
/// <param name="Format">F32, BF16, F16 or Q8_0.</param>
internal sealed record KvPlan(int Layer, int Window, int RingLength, TensorFormat Format);
