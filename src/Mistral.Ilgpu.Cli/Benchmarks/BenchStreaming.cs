namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>How fast layers were streamed during a test, beside what the plan predicts.</summary>
/// <param name="Limit"><c>transfers</c> or <c>compute</c>: what takes longer.</param>
/// <param name="PredictedTokensPerSecond">From the measured copy, and from the kernels' time without transfers.</param>
/// <param name="Ratio">Measured over predicted.</param>
/// <param name="GbPerSecond">The speed of the transfers.</param>
/// <param name="CopyFraction">Of a measured copy from the host.</param>
/// <param name="ComputeMs">A pass without transfers, in milliseconds.</param>
/// <param name="TransferMs">A pass's transfers at the speed of a copy from the host.</param>
internal sealed record BenchStreaming(
    string Limit, double PredictedTokensPerSecond, double Ratio, double GbPerSecond, double CopyFraction,
    double ComputeMs, double TransferMs);
