using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>What a kernel takes of an NVIDIA GPU.</summary>
/// <param name="Registers">Of each thread.</param>
/// <param name="SharedBytes">Of each group.</param>
/// <param name="SpillBytes">Stored and loaded by each thread for want of registers.</param>
internal sealed record PtxResources(int Registers, int SharedBytes, int SpillBytes)
{
    /// <summary>What the assembler says it could not make fast.</summary>
    public IReadOnlyList<string> Losses { get; init; } = [];
}
