using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Json;

namespace Mistral.Ilgpu.Server.Chat;

/// <summary>The JSON of chats. Its code is generated, because reflection would slow the first request.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ChatCompletionRequest))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatCompletionChunk))]
internal sealed partial class ChatJson : JsonSerializerContext
{
    public static ChatJson Api => field ??= new ChatJson(JsonText.Plain(Default.Options));
}
