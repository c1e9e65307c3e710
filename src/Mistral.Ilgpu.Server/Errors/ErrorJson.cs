using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Json;

namespace Mistral.Ilgpu.Server.Errors;

/// <summary>The JSON of errors.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(AnthropicErrorBody))]
internal sealed partial class ErrorJson : JsonSerializerContext
{
    public static ErrorJson Api => field ??= new ErrorJson(JsonText.Plain(Default.Options));
}
