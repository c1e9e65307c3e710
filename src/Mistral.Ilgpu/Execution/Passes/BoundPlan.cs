using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>A plan that is bound to a device, with the other values on which its launches depend.</summary>
/// <param name="Direct">Launches its steps one by one.</param>
/// <param name="Choose">The step that chooses tokens from the logits; null for a part of a model without logits.</param>
/// <param name="LongestWindow">The longest window of all layers, in positions.</param>
/// <param name="Gate">Null if all layers stay on the device.</param>
internal sealed record BoundPlan(
    ComputeDevice Device, LayerGraph Graph, DirectPasses Direct, Step? Choose, int LongestWindow, ILayerGate? Gate);
