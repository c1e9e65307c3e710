using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Chat;
using Mistral.Ilgpu.Server.Completions;
using Mistral.Ilgpu.Server.Embeddings;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Models;

namespace Mistral.Ilgpu.Server;

/// <summary>The JSON of requests and responses. Its code is generated, because reflection would slow the first request.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(AnthropicErrorBody))]
[JsonSerializable(typeof(ChatCompletionRequest))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatCompletionChunk))]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(Completion))]
[JsonSerializable(typeof(EmbeddingRequest))]
[JsonSerializable(typeof(EmbeddingList))]
[JsonSerializable(typeof(float[]))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ServerVersion))]
[JsonSerializable(typeof(ServerHealth))]
[JsonSerializable(typeof(TokenizeRequest))]
[JsonSerializable(typeof(TokenizeResponse))]
[JsonSerializable(typeof(DetokenizeRequest))]
[JsonSerializable(typeof(DetokenizeResponse))]
internal sealed partial class ServerJson : JsonSerializerContext
{
    /// <summary>The contracts with text as it is, because nothing here is put into HTML.</summary>
    public static ServerJson Api => field ??= new ServerJson(new JsonSerializerOptions(Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
