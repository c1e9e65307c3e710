using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Server.Chat;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Http;
using Mistral.Ilgpu.Server.Loading;
using Mistral.Ilgpu.Server.Requests;

namespace Mistral.Ilgpu.Server.Responses;

/// <summary><c>POST /v1/responses</c>. Nothing is kept, so that each request brings its whole conversation.</summary>
internal sealed class ResponseEndpoint(ModelCatalog models, TextRunner runner)
{
    public async Task HandleAsync(HttpContext context)
    {
        var (fields, _) = await RequestBody.ReadAsync(context, ResponseJson.Api.ResponseRequest, models.Options);
        Refuse(fields);
        using var lease = await models.LeaseAsync(context, fields.Model);
        var model = lease.Model;
        var request = RequestOf(fields, model);
        var answer = runner.Submit(context, model, request)[0];
        var response = Begin(fields, model.Name);
        if (fields.Stream == true)
        {
            await new ResponseStream(context, model.Options.KeepAlive, response).WriteAsync(answer);
            return;
        }

        var blocks = await AnswerBlocks.OfAsync(answer, context.RequestAborted);

        var items = blocks.Whole.Select(block => OutputItem.Of(block, OutputItem.NewId(block), isWhole: true));
        await context.Response.WriteAsJsonAsync(response.Complete(answer, [.. items]), ResponseJson.Api.Response);
    }

    private static void Refuse(ResponseRequest fields)
    {
        const string Kept = "nothing is kept here: send the whole conversation as input";
        string? field = fields.PreviousResponseId is not null ? "previous_response_id"
            : fields.Conversation is not null ? "conversation"
            : fields.Prompt is not null ? "prompt"
            : null;
        if (field is not null)
        {
            throw ApiException.Unsupported(field, Kept);
        }

        if (fields.Background == true)
        {
            throw ApiException.Unsupported("background", "no response runs in the background");
        }

        if (fields.Truncation is not (null or "disabled"))
        {
            throw ApiException.Wrong("truncation", $"'{fields.Truncation}'", "disabled");
        }
    }

    private static AnswerRequest RequestOf(ResponseRequest fields, ServedModel model)
    {
        var options = GenerationReader.Read(
            new ChatCompletionRequest { Temperature = fields.Temperature, TopP = fields.TopP }, model) with
        {
            Constraint = ConstraintFields.ReadText(fields.Text, model.Options)?.Compile(),
            TopLogProbabilities = TopLogprobsOf(fields),
        };
        var chat = new ChatRequest(ResponseInput.Read(fields.Input, fields.Instructions), ResponseTools.Read(fields));
        return new AnswerRequest(chat, options)
        {
            MaxTokens = fields.MaxOutputTokens,
            Adapters = model.AdaptersOf(fields.Model),
        };
    }

    private static int? TopLogprobsOf(ResponseRequest fields)
    {
        const string Logprobs = "message.output_text.logprobs";
        bool areWanted = fields.Include?.Contains(Logprobs) == true;
        return fields.TopLogprobs > 0 && !areWanted
            ? throw ApiException.Wrong("top_logprobs", $"{fields.TopLogprobs} alone", $"{Logprobs} in include")
            : areWanted ? fields.TopLogprobs ?? 0 : null;
    }

    private static Response Begin(ResponseRequest fields, string model) => new(
        ServedModel.NewId("resp_"), ServedModel.Now(), "in_progress", fields.Model ?? model, [], Usage: null)
    {
        Instructions = fields.Instructions,
        MaxOutputTokens = fields.MaxOutputTokens,
        ParallelToolCalls = fields.ParallelToolCalls ?? true,
        Temperature = fields.Temperature ?? 1,
        TopP = fields.TopP ?? 1,
        TopLogprobs = fields.TopLogprobs ?? 0,
        ToolChoice = fields.ToolChoice ?? JsonElement.Parse("\"auto\""),
        Tools = fields.Tools ?? JsonElement.Parse("[]"),
        Text = fields.Text ?? JsonElement.Parse("""{"format":{"type":"text"}}"""),
        Metadata = fields.Metadata ?? JsonElement.Parse("{}"),
        Reasoning = fields.Reasoning,
    };
}
