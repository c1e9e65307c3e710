using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Json;

namespace Mistral.Ilgpu.Server.Responses;

/// <summary>The JSON of responses.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ResponseRequest))]
[JsonSerializable(typeof(Response))]
[JsonSerializable(typeof(ResponseEvent))]
internal sealed partial class ResponseJson : JsonSerializerContext
{
    public static ResponseJson Api => field ??= new ResponseJson(JsonText.Plain(Default.Options));
}
