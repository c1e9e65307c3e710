using System.Text.Json.Serialization;

namespace Mistral.Ilgpu.Server.Models;

/// <summary>The tokens of a text.</summary>
internal sealed record TokenizeResponse(
    int Count,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] int? MaxModelLen,
    IReadOnlyList<int> Tokens,
    IReadOnlyList<string>? TokenStrs);
