using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Json;

namespace Mistral.Ilgpu.Server.Messages;

/// <summary>The JSON of Anthropic's API.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(MessagesRequest))]
[JsonSerializable(typeof(MessageResponse))]
[JsonSerializable(typeof(MessageEvent))]
[JsonSerializable(typeof(TokenCount))]
internal sealed partial class MessageJson : JsonSerializerContext
{
    public static MessageJson Api => field ??= new MessageJson(JsonText.Plain(Default.Options));
}
