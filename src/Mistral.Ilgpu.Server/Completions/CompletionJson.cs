using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Json;

namespace Mistral.Ilgpu.Server.Completions;

/// <summary>The JSON of completions.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(Completion))]
internal sealed partial class CompletionJson : JsonSerializerContext
{
    public static CompletionJson Api => field ??= new CompletionJson(JsonText.Plain(Default.Options));
}
