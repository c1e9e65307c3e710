using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Http;
using Mistral.Ilgpu.Server.Loading;
using Mistral.Ilgpu.Server.Requests;

namespace Mistral.Ilgpu.Server.Completions;

/// <summary><c>POST /v1/completions</c>.</summary>
internal sealed class CompletionEndpoint(ModelCatalog models, TextRunner runner)
{
    private const int UsualMaxTokens = 16;

    public async Task HandleAsync(HttpContext context)
    {
        var (fields, _) = await RequestBody.ReadAsync(context, CompletionJson.Api.CompletionRequest, models.Options);
        using var lease = await models.LeaseAsync(context, fields.Model, GenerationReader.DeadlineOf(fields));
        var model = lease.Model;
        var prompts = PromptsOf(fields, model);
        int count = GenerationReader.CountOf(fields, prompts.Count, model.Options);
        if (fields.BestOf is { } best && best != count)
        {
            throw ApiException.Unsupported("best_of", $"found {best}, expected n ({count}), because answers are not ranked");
        }

        var texts = runner.Submit(context, model, RequestsOf(fields, lease, prompts, count));
        var choices = texts.Select(text => new CompletionText(text, model.Language.Tokenizer, fields.Echo == true)).ToList();
        string name = fields.Model ?? model.Name;
        if (fields.IsStreamed)
        {
            await new CompletionStream(context, model, choices, count, name, fields.StreamsUsage).WriteAsync();
            return;
        }

        var parts = await Task.WhenAll(choices.Select(choice => choice.ReadAsync(context.RequestAborted)));
        await context.Response.WriteAsJsonAsync(
            new Completion(
                ServedModel.NewId("cmpl-"), ServedModel.Now(), name,
                [.. parts.Select((part, index) => choices[index].ChoiceOf(index, part))], Usage.Of(texts, count)),
            CompletionJson.Api.Completion);
    }

    private static IReadOnlyList<int[]> PromptsOf(CompletionRequest fields, ServedModel model)
    {
        var prompts = fields.Suffix is null
            ? PromptFields.Read(fields.Prompt, "prompt", model)
            : PromptFields.Texts(fields.Prompt, "prompt").Select(text => InfillOf(text, fields.Suffix, model)).ToList();
        foreach (int[] prompt in prompts)
        {
            model.RequireLength(prompt.Length, "prompt");
        }

        return prompts;
    }

    private static int[] InfillOf(string text, string suffix, ServedModel model)
    {
        try
        {
            return [.. FillInTheMiddle.Encode(model.Language.Tokenizer, text, suffix)];
        }
        catch (ChatFormatException exception)
        {
            throw new ApiException(400, $"suffix: {exception.Message}", "suffix");
        }
    }

    private static IEnumerable<TextRequest> RequestsOf(
        CompletionRequest fields, ModelLease lease, IReadOnlyList<int[]> prompts, int count)
    {
        var model = lease.Model;
        bool echoes = fields.Echo == true;
        if (fields.MaxTokens == 0 && !echoes)
        {
            throw ApiException.Wrong("max_tokens", "0", "1 or more, or echo to be true");
        }

        var options = GenerationReader.Read(fields, model) with
        {
            TopLogProbabilities = fields.Logprobs,
            PromptLogProbabilities = echoes ? fields.Logprobs : null,
        };
        var adapters = model.AdaptersOf(fields.Model);
        return
            from prompt in prompts
            from index in Enumerable.Range(0, count)
            select new TextRequest(prompt)
            {
                Options = (options with
                {
                    MaxTokens = Math.Max(1, model.MaxTokensOf(fields.MaxTokens, prompt.Length, UsualMaxTokens)),
                }).Nth(index),
                EndsAfterPrompt = fields.MaxTokens == 0,
                Priority = GenerationReader.PriorityOf(fields),
                Deadline = lease.Deadline,
                Adapters = adapters,
            };
    }
}
