namespace Mistral.Ilgpu.Tests.Generation.Simulation;

/// <summary>What a simulation throws somewhere.</summary>
internal sealed class SimulatedFault(string where) : Exception($"simulated, {where}");
