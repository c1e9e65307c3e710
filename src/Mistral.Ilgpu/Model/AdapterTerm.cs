using Mistral.Ilgpu.Checkpoints.Lora;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>What an adapter adds to a product, in host memory: float32 values in rows that are padded as on the device.</summary>
/// <param name="Matrix">The matrix of the product.</param>
/// <param name="FirstRow">The first of its rows that change.</param>
/// <param name="Pair">The tensors.</param>
/// <param name="Down">A, multiplied by the scale.</param>
/// <param name="Up">B.</param>
internal sealed record AdapterTerm(MatrixPlan Matrix, int FirstRow, LoraPair Pair, float[] Down, float[] Up);
