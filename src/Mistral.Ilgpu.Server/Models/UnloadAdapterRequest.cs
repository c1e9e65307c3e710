using System.ComponentModel;

namespace Mistral.Ilgpu.Server.Models;

/// <summary>The body of <c>/v1/unload_lora_adapter</c>.</summary>
internal sealed record UnloadAdapterRequest
{
    [Description("The adapter's name.")]
    public string? LoraName { get; init; }

    [Description("The name of the adapter's model.")]
    public string? Model { get; init; }
}
