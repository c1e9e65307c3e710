namespace Mistral.Ilgpu.Planning;

/// <summary>The cache of one layer.</summary>
/// <param name="Window">Positions that a query sees at most, its own included.</param>
/// <param name="RingLength">Positions in the ring of one sequence: the window in whole pages.</param>
/// <param name="Format">F32, BF16, F16 or Q8_0.</param>
internal sealed record KvPlan(int Layer, int Window, int RingLength, TensorFormat Format);
