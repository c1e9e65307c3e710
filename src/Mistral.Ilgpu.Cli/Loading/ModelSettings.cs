namespace Mistral.Ilgpu.Cli.Loading;

/// <summary>Which model runs where and how.</summary>
/// <param name="Device">As <see cref="Execution.Device.Open"/> takes it.</param>
internal sealed record ModelSettings(string Model, string Device, ModelOptions Options, int? Threads, long? Memory);
