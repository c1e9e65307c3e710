using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Http;

namespace Mistral.Ilgpu.Server.Messages;

/// <summary>Writes an answer as events while the model makes it.</summary>
internal sealed class MessageStream(HttpContext context, TimeSpan keepAlive, Answer answer, string name) : IBlockSink
{
    private readonly EventStream _events = new(context, keepAlive);
    private bool _hasBegun;

    public async Task WriteAsync()
    {
        var blocks = new AnswerBlocks(this);
        try
        {
            await _events.ReadAsync(answer.StepsAsync(context.RequestAborted), step =>
            {
                // How much of the prompt was in the cache is known by then.
                Begin();
                blocks.Take(step);
            });
            Write(new MessageEvent("message_delta")
            {
                Delta = new MessageEvent.MessageDelta(Type: null)
                {
                    StopReason = MessageResponse.ReasonOf(answer), StopSequence = answer.Generation.StopText,
                },
                Usage = MessageUsage.Of(answer.Generation),
            });
            Write(new MessageEvent("message_stop"));
        }
        catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested)
        {
            StreamErrors.Log(exception, context);
            _events.Write(
                AnthropicErrorBody.Of(ErrorMapping.Of(exception)), ErrorJson.Api.AnthropicErrorBody, "error");
        }

        await _events.FlushAsync();
    }

    public void Begin(AnswerBlock block) => Write(new MessageEvent("content_block_start")
    {
        Index = block.Index, ContentBlock = MessageBlock.Of(block, isWhole: false),
    });

    public void Add(AnswerBlock block, string text, IReadOnlyList<TokenLogprob> logprobs) => Write(new("content_block_delta")
    {
        Index = block.Index,
        Delta = block.Kind switch
        {
            BlockKind.Text => new MessageEvent.MessageDelta("text_delta") { Text = text },
            BlockKind.Reasoning => new MessageEvent.MessageDelta("thinking_delta") { Thinking = text },
            _ => new MessageEvent.MessageDelta("input_json_delta") { PartialJson = text },
        },
    });

    public void End(AnswerBlock block) => Write(new MessageEvent("content_block_stop") { Index = block.Index });

    private void Begin()
    {
        if (_hasBegun)
        {
            return;
        }

        _hasBegun = true;
        Write(new MessageEvent("message_start")
        {
            Message = new MessageResponse(
                ServedModel.NewId("msg_"), name, [], null, null,
                MessageUsage.Of(answer.Generation) with { OutputTokens = 0 }),
        });
    }

    private void Write(MessageEvent next) => _events.Write(next, MessageJson.Api.MessageEvent, next.Type);
}
