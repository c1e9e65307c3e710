using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>The resources of an NVIDIA GPU that a kernel uses.</summary>
/// <param name="Registers">Registers of each thread.</param>
/// <param name="SharedBytes">Static shared memory of each group.</param>
/// <param name="SpillBytes">Bytes that each thread stores and loads because of too few registers.</param>
internal sealed record PtxResources(int Registers, int SharedBytes, int SpillBytes)
{
    /// <summary>The assembler's warnings about performance.</summary>
    public IReadOnlyList<string> Losses { get; init; } = [];
}
