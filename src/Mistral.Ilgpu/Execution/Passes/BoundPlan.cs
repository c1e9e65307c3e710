using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>A plan that is bound to a device, with what its launches depend on besides.</summary>
/// <param name="Direct">Launches its steps one by one.</param>
/// <param name="Choose">What chooses tokens from the logits.</param>
/// <param name="LongestWindow">Of all layers, in positions.</param>
/// <param name="Launches">Owns what the driver keeps for launchers.</param>
/// <param name="AdaptersOn">A bit for each adapter that is on, asked at each pass.</param>
internal sealed record BoundPlan(
    ComputeDevice Device, LayerGraph Graph, DirectPasses Direct, Step Choose, int LongestWindow, BoundLaunches Launches,
    Func<ulong> AdaptersOn);
