using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace Mistral.Ilgpu.Server.Embeddings;

/// <summary>The body of <c>/v1/embeddings</c>. Fields that are not here are ignored.</summary>
internal sealed record EmbeddingRequest
{
    public string? Model { get; init; }

    [Description("A text, a list of texts, token ids, or a list of lists of token ids.")]
    public JsonElement? Input { get; init; }

    [Description("float, or base64 of little-endian float32; float if not given.")]
    public string? EncodingFormat { get; init; }

    [Description("The model's own, if given."), Range(1, int.MaxValue)]
    public int? Dimensions { get; init; }
}
