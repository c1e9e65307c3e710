namespace Mistral.Ilgpu.Checkpoints.Lora;

/// <summary>The change of one matrix: W becomes W + scale × B A.</summary>
/// <param name="A">rank × columns of W.</param>
/// <param name="B">Rows of W × rank, in the order of W's rows here.</param>
internal sealed record LoraPair(CheckpointTensor A, CheckpointTensor B);
