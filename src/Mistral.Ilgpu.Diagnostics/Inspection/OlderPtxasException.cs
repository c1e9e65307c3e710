using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>The assembler is older than the version of the PTX.</summary>
internal sealed class OlderPtxasException(string message) : Exception(message);
