using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>A text has no room left in the context.</summary>
public sealed class ContextFullException(long context, long needed) : Exception(
    $"the text needs {needed:N0} tokens of context and the model has {context:N0}; give more with --context");
