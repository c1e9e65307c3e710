using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Http;
using Mistral.Ilgpu.Server.Loading;
using Mistral.Ilgpu.Server.Requests;

namespace Mistral.Ilgpu.Server.Chat;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatCompletionEndpoint(ModelCatalog models, TextRunner runner)
{
    public async Task HandleAsync(HttpContext context)
    {
        var (fields, root) = await RequestBody.ReadAsync(context, ChatJson.Api.ChatCompletionRequest, models.Options);
        ChatRefusals.Check(root);
        using var lease = await models.LeaseAsync(context, fields.Model, GenerationReader.DeadlineOf(fields));
        var model = lease.Model;
        var options = OptionsOf(fields, model);
        var chat = ChatFile.Parse(root, source: "");
        var request = new AnswerRequest(chat, options)
        {
            MaxTokens = MaxTokensOf(fields),
            Adapters = model.AdaptersOf(fields.Model),
            Count = GenerationReader.CountOf(fields, prompts: 1, model.Options),
            Priority = GenerationReader.PriorityOf(fields),
            Deadline = lease.Deadline,
        };
        string name = fields.Model ?? model.Name;
        var answers = runner.Submit(context, model, request);
        if (fields.IsStreamed)
        {
            await new ChatCompletionStream(context, model, answers, name, fields.StreamsUsage).WriteAsync();
            return;
        }

        await Task.WhenAll(answers.Select(answer => answer.ReadAsync(context.RequestAborted)));
        await context.Response.WriteAsJsonAsync(Whole(answers, name), ChatJson.Api.ChatCompletion);
    }

    private static GenerationOptions OptionsOf(ChatCompletionRequest fields, ServedModel model)
    {
        bool wantsLogprobs = fields.Logprobs == true;
        if (fields.TopLogprobs > 0 && !wantsLogprobs)
        {
            throw ApiException.Wrong("top_logprobs", $"{fields.TopLogprobs} without logprobs", "logprobs to be true");
        }

        return GenerationReader.Read(fields, model) with
        {
            TopLogProbabilities = wantsLogprobs ? fields.TopLogprobs ?? 0 : null,
        };
    }

    private static int? MaxTokensOf(ChatCompletionRequest fields) => fields.MaxCompletionTokens ?? fields.MaxTokens switch
    {
        0 => throw ApiException.Wrong("max_tokens", "0", "1 or more"),
        var count => count,
    };

    private static ChatCompletion Whole(IReadOnlyList<Answer> answers, string name) => new(
        ServedModel.NewId("chatcmpl-"), ServedModel.Now(), name, [.. answers.Select(ChoiceOf)],
        Usage.Of([.. answers.Select(answer => answer.Generation)], answers.Count, answers.Sum(answer => answer.ReasoningTokens)));

    private static ChatCompletion.ChatChoice ChoiceOf(Answer answer, int index) => new(
        index,
        new ChatMessage(
            answer.Text.Length > 0 || answer.Calls.Count == 0 ? answer.Text : null,
            answer.Reasoning.Length > 0 ? answer.Reasoning : null,
            answer.Calls.Count > 0 ? [.. answer.Calls.Select(CallOf)] : null),
        answer.Logprobs.Count > 0 ? new ChatLogprobs(answer.Logprobs) : null,
        answer.FinishReason,
        answer.Generation.StopText);

    private static ChatToolCall CallOf(ToolCall call) =>
        new(null, call.Id, "function", new ChatToolCall.FunctionCall(call.Name, call.Arguments));
}
