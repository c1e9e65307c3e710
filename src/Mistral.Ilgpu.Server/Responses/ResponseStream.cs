using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Http;

namespace Mistral.Ilgpu.Server.Responses;

/// <summary>Writes a response as events while the model makes it.</summary>
internal sealed class ResponseStream(HttpContext context, TimeSpan keepAlive, Response response) : IBlockSink
{
    private readonly EventStream _events = new(context, keepAlive);
    private readonly Dictionary<AnswerBlock, string> _ids = new(ReferenceEqualityComparer.Instance);
    private int _number;

    public async Task WriteAsync(Answer answer)
    {
        Write("response.created", next => next with { Response = response });
        Write("response.in_progress", next => next with { Response = response });
        var blocks = new AnswerBlocks(this);
        try
        {
            await _events.ReadAsync(answer.StepsAsync(context.RequestAborted), blocks.Take);
            var whole = response.Complete(answer, [.. blocks.Whole.Select(block => OutputItem.Of(block, _ids[block], true))]);
            Write($"response.{whole.Status}", next => next with { Response = whole });
        }
        catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested)
        {
            StreamErrors.Log(exception, context);
            var error = ErrorMapping.Of(exception);
            Write("response.failed", next => next with
            {
                Response = response with
                {
                    Status = "failed", Error = new ResponseError(error.Code ?? "server_error", error.Message),
                },
            });
        }

        await _events.FlushAsync();
    }

    public void Begin(AnswerBlock block)
    {
        _ids[block] = OutputItem.NewId(block);
        Write("response.output_item.added", next => next with
        {
            OutputIndex = block.Index, Item = OutputItem.Of(block, _ids[block], isWhole: false),
        });
        if (block.Kind != BlockKind.Call)
        {
            Write("response.content_part.added", next => InPart(next, block) with
            {
                Part = OutputPart.Of(block, isWhole: false),
            });
        }
    }

    public void Add(AnswerBlock block, string text, IReadOnlyList<TokenLogprob> logprobs) => Write(
        $"response.{Content(block)}.delta",
        next => InPart(next, block) with { Delta = text, Logprobs = block.Kind == BlockKind.Text ? logprobs : null });

    public void End(AnswerBlock block)
    {
        if (block.Kind == BlockKind.Call)
        {
            Write("response.function_call_arguments.done", next => InPart(next, block) with
            {
                Name = block.Name, Arguments = block.Text,
            });
        }
        else
        {
            Write($"response.{Content(block)}.done", next => InPart(next, block) with
            {
                Text = block.Text, Logprobs = block.Kind == BlockKind.Text ? block.Logprobs : null,
            });
            Write("response.content_part.done", next => InPart(next, block) with { Part = OutputPart.Of(block, isWhole: true) });
        }

        Write("response.output_item.done", next => next with
        {
            OutputIndex = block.Index, Item = OutputItem.Of(block, _ids[block], isWhole: true),
        });
    }

    private static string Content(AnswerBlock block) => block.Kind switch
    {
        BlockKind.Reasoning => "reasoning_text",
        BlockKind.Text => "output_text",
        _ => "function_call_arguments",
    };

    private ResponseEvent InPart(ResponseEvent next, AnswerBlock block) => next with
    {
        OutputIndex = block.Index, ItemId = _ids[block], ContentIndex = block.Kind == BlockKind.Call ? null : 0,
    };

    private void Write(string type, Func<ResponseEvent, ResponseEvent> fill) =>
        _events.Write(fill(new ResponseEvent(type, _number++)), ResponseJson.Api.ResponseEvent, type);
}
