namespace Mistral.Ilgpu.Checkpoints.Lora;

/// <summary>The update of one matrix: W becomes W + scale × B A.</summary>
/// <param name="A">rank × columns of W.</param>
/// <param name="B">rows of W × rank; its rows are in the order of W's rows here.</param>
internal sealed record LoraPair(CheckpointTensor A, CheckpointTensor B);
