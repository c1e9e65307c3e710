using System.ComponentModel;

namespace Mistral.Ilgpu.Server.Models;

/// <summary>The body of <c>/v1/load_lora_adapter</c>.</summary>
internal sealed record LoadAdapterRequest
{
    [Description("The name that requests give as their model.")]
    public string? LoraName { get; init; }

    [Description("The adapter's folder or file on the server.")]
    public string? LoraPath { get; init; }

    [Description("Multiplies the scale that the adapter's files state; 1 if not given.")]
    public float? Scale { get; init; }

    [Description("The name of the model that it is for.")]
    public string? Model { get; init; }
}
