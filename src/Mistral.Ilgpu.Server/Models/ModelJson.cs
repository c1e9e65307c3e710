using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Json;

namespace Mistral.Ilgpu.Server.Models;

/// <summary>The JSON of models and tokens.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ServerVersion))]
[JsonSerializable(typeof(ServerHealth))]
[JsonSerializable(typeof(TokenizeRequest))]
[JsonSerializable(typeof(TokenizeResponse))]
[JsonSerializable(typeof(DetokenizeRequest))]
[JsonSerializable(typeof(DetokenizeResponse))]
[JsonSerializable(typeof(LoadAdapterRequest))]
[JsonSerializable(typeof(UnloadAdapterRequest))]
internal sealed partial class ModelJson : JsonSerializerContext
{
    public static ModelJson Api => field ??= new ModelJson(JsonText.Plain(Default.Options));
}
