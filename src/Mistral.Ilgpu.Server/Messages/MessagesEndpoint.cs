using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Server.Chat;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Http;
using Mistral.Ilgpu.Server.Loading;
using Mistral.Ilgpu.Server.Requests;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Server.Messages;

/// <summary><c>POST /v1/messages</c> and <c>POST /v1/messages/count_tokens</c>, Anthropic's API.</summary>
internal sealed class MessagesEndpoint(ModelCatalog models, TextRunner runner)
{
    /// <summary>The conversation of a request, with its tools.</summary>
    public static ChatRequest ChatOf(MessagesRequest fields, TextTokenizer tokenizer)
    {
        MessagesThinking.Check(fields);
        var (choice, hasParallelCalls) = MessagesTools.ReadChoice(fields.ToolChoice);
        return new ChatRequest(MessagesInput.Read(fields.Messages, fields.System), new ChatSettings
        {
            Tools = MessagesTools.Read(fields.Tools), ToolChoice = choice, AllowsParallelCalls = hasParallelCalls,
            ReasoningEffort = MessagesThinking.EffortOf(fields, tokenizer),
        });
    }

    public async Task HandleAsync(HttpContext context)
    {
        var (fields, _) = await RequestBody.ReadAsync(context, MessageJson.Api.MessagesRequest, models.Options);
        int maxTokens = fields.MaxTokens ?? throw ApiException.Wrong("max_tokens", "nothing", "a whole number from 1");
        using var lease = await models.LeaseAsync(context, fields.Model);
        var model = lease.Model;
        var request = new AnswerRequest(ChatOf(fields, model.Language.Tokenizer), OptionsOf(fields, model))
        {
            MaxTokens = maxTokens,
            Adapters = model.AdaptersOf(fields.Model),
        };
        var answer = runner.Submit(context, model, request)[0];
        string name = fields.Model ?? model.Name;
        if (fields.Stream == true)
        {
            await new MessageStream(context, model.Options.KeepAlive, answer, name).WriteAsync();
            return;
        }

        var blocks = await AnswerBlocks.OfAsync(answer, context.RequestAborted);

        await context.Response.WriteAsJsonAsync(
            new MessageResponse(
                ServedModel.NewId("msg_"), name, [.. blocks.Whole.Select(block => MessageBlock.Of(block, isWhole: true))],
                MessageResponse.ReasonOf(answer), answer.Generation.StopText, MessageUsage.Of(answer.Generation)),
            MessageJson.Api.MessageResponse);
    }

    public async Task CountAsync(HttpContext context)
    {
        var (fields, _) = await RequestBody.ReadAsync(context, MessageJson.Api.MessagesRequest, models.Options);
        using var lease = await models.LeaseAsync(context, fields.Model);
        var tokenizer = lease.Model.Language.Tokenizer;
        int count = ChatOf(fields, tokenizer).Encode(tokenizer).Length;
        await context.Response.WriteAsJsonAsync(new TokenCount(count), MessageJson.Api.TokenCount);
    }

    private static GenerationOptions OptionsOf(MessagesRequest fields, ServedModel model)
    {
        var options = GenerationReader.Read(
            new ChatCompletionRequest
            {
                Temperature = fields.Temperature, TopP = fields.TopP, TopK = fields.TopK,
            },
            model) with
        {
            Stop = GenerationReader.StopOf(fields.StopSequences, "stop_sequences"),
        };
        return MessagesThinking.LimitOf(fields, model.Language.Tokenizer) is { } limit
            ? options with { LogitProcessors = [.. options.LogitProcessors, limit] }
            : options;
    }
}
