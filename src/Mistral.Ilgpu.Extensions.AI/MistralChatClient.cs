using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Answers conversations with a model. What the model cannot do is refused by name, before anything is
/// computed.</summary>
internal sealed class MistralChatClient(LanguageModel model) : IChatClient
{
    /// <summary>The provider's name in metadata and telemetry.</summary>
    public const string Provider = "mistral.ilgpu";

    private readonly ChatClientMetadata _metadata = new(Provider, defaultModelId: model.Info.Name);

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var request = Map(messages, options);
        var answer = Submit(request, cancellationToken);
        var response = await Read(answer, request, cancellationToken)
            .ToChatResponseAsync(cancellationToken).ConfigureAwait(false);
        response.RawRepresentation = answer;
        return response;
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        // Refusals come at once. The text begins with the enumeration, because one that is never enumerated is never stopped.
        var request = Map(messages, options);
        return Stream(request, cancellationToken);
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(model) ? model
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    public void Dispose()
    {
        // The model is its owner's to dispose of.
    }

    private MappedRequest Map(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        ArgumentNullException.ThrowIfNull(messages);
        options ??= new ChatOptions();
        return new MappedRequest(
            ConversationMapping.Map(messages, options.Instructions),
            ChatOptionsMapping.SettingsOf(options, model.Info.Name),
            ChatOptionsMapping.GenerationOf(options, this),
            HidesReasoning: options.Reasoning?.Output == ReasoningOutput.None);
    }

    private ChatAnswer Submit(MappedRequest request, CancellationToken cancellationToken) =>
        model.ChatAsync(request.Messages, request.Settings, request.Generation, cancellationToken);

    private async IAsyncEnumerable<ChatResponseUpdate> Stream(
        MappedRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var answer = Submit(request, cancellationToken);
        await foreach (var update in Read(answer, request, cancellationToken).ConfigureAwait(false))
        {
            yield return update;
        }
    }

    private async IAsyncEnumerable<ChatResponseUpdate> Read(
        ChatAnswer answer, MappedRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string id = Guid.CreateVersion7().ToString("N");
        var created = DateTimeOffset.UtcNow;
        bool hasCalls = false;
        await foreach (var piece in answer.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            hasCalls |= piece.Call is not null;
            if (ContentOf(piece, request.HidesReasoning) is { } content)
            {
                yield return Update(content);
            }
        }

        var reason = answer.Generation.FinishReason;
        if (reason == FinishReason.Cancelled)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new OperationCanceledException("the engine was stopped");
        }

        var last = Update(new UsageContent(UsageOf(answer)));
        last.FinishReason = reason == FinishReason.Length ? ChatFinishReason.Length
            : hasCalls ? ChatFinishReason.ToolCalls
            : ChatFinishReason.Stop;
        yield return last;

        ChatResponseUpdate Update(AIContent content) => new(ChatRole.Assistant, [content])
        {
            ResponseId = id, MessageId = id, ModelId = model.Info.Name, CreatedAt = created, RawRepresentation = answer,
        };
    }

    private static AIContent? ContentOf(ChatPiece piece, bool hidesReasoning)
    {
        if (piece.Call is { } call)
        {
            // Arguments that are JSON and no object come with the exception, see FunctionCallContent.Exception.
            var content = FunctionCallContent.CreateFromParsedArguments(
                call.Arguments, call.Id ?? "", call.Name,
                static json => JsonSerializer.Deserialize<Dictionary<string, object?>>(json));
            content.RawRepresentation = call;
            return content;
        }

        return piece.Reasoning.Length == 0 ? new TextContent(piece.Text)
            : hidesReasoning ? null
            : new TextReasoningContent(piece.Reasoning);
    }

    private static UsageDetails UsageOf(ChatAnswer answer)
    {
        var text = answer.Generation;
        return new UsageDetails
        {
            InputTokenCount = text.PromptIds.Count,
            CachedInputTokenCount = text.CachedTokens,
            OutputTokenCount = text.Ids.Count,
            ReasoningTokenCount = answer.ReasoningTokenCount,
            TotalTokenCount = text.PromptIds.Count + text.Ids.Count,
        };
    }
}
