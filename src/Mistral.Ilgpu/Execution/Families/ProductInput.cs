using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>The input that a product multiplies with its weights.</summary>
/// <param name="Values">The activations.</param>
/// <param name="Rows">The rows of the product.</param>
/// <param name="Norm">The norm of one decoded row that the product computes itself, instead of reading
/// <paramref name="Values"/>; null for none.</param>
/// <param name="IsForSeveral">Whether passes of one decoded row rarely use this product.</param>
/// <param name="IsInt8Ready">Whether decoded tokens already have their eight-bit form.</param>
/// <param name="IsRounded">Whether rows of prompts are in 16 bits, and not in float32.</param>
internal sealed record ProductInput(
    Activation Values, RowSet Rows, FusedNorm? Norm = null, bool IsForSeveral = false, bool IsInt8Ready = false,
    bool IsRounded = false);
