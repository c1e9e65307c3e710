using Mistral.Ilgpu.Extensions.AI;

namespace Mistral.Ilgpu.Server;

/// <summary>One of several models that a server has: its name, and how it is loaded.</summary>
public sealed class ServedModelOptions : MistralOptions
{
    /// <summary>The name that requests give; null for the model's own.</summary>
    public string? Name { get; set; }
}
