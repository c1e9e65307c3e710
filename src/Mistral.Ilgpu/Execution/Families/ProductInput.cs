using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>What a product multiplies its weights with.</summary>
/// <param name="Norm">The norm that the product makes itself, of one decoded row, in place of <paramref name="Values"/>; null
/// where they are made.</param>
/// <param name="IsForSeveral">Whether passes of one decoded row seldom come to it.</param>
/// <param name="IsInt8Ready">Whether decoded tokens come in eight bits too.</param>
internal sealed record ProductInput(
    Activation Values, RowSet Rows, FusedNorm? Norm = null, bool IsForSeveral = false, bool IsInt8Ready = false);
