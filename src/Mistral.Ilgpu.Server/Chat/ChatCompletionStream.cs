using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Server.Http;

namespace Mistral.Ilgpu.Server.Chat;

/// <summary>Writes answers as events while the model makes them.</summary>
internal sealed class ChatCompletionStream(
    HttpContext context, ServedModel model, IReadOnlyList<Answer> answers, string name, bool withUsage)
{
    private readonly string _id = ServedModel.NewId("chatcmpl-");
    private readonly long _created = ServedModel.Now();
    private readonly EventStream _events = new(context, model.Options.KeepAlive);
    private readonly int[] _calls = new int[answers.Count];

    public async Task WriteAsync()
    {
        for (int index = 0; index < answers.Count; index++)
        {
            Write(index, new ChatCompletionChunk.Delta(Role: "assistant", Content: ""));
        }

        try
        {
            var steps = answers.Select(answer => answer.StepsAsync(context.RequestAborted)).ToList();
            await _events.ReadAsync(Streams.Merge(steps, context.RequestAborted), step => WriteStep(step.Index, step.Item));
            if (withUsage)
            {
                WriteUsage();
            }
        }
        catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested)
        {
            StreamErrors.Write(_events, exception, context);
        }

        _events.WriteDone();
        await _events.FlushAsync();
    }

    private void WriteStep(int index, AnswerStep step)
    {
        var logprobs = step.Token is { } token ? ChatLogprobs.Of([token], model.Language.Tokenizer) : null;
        foreach (var piece in step.Pieces)
        {
            Write(index, DeltaOf(index, piece), logprobs);
            logprobs = null;
        }

        if (logprobs is not null)
        {
            // The token's text comes later, with that of others.
            Write(index, new ChatCompletionChunk.Delta(Content: ""), logprobs);
        }

        if (step.IsLast)
        {
            var answer = answers[index];
            Write(index, new ChatCompletionChunk.Delta(), null, answer.FinishReason, answer.Generation.StopText);
        }
    }

    private ChatCompletionChunk.Delta DeltaOf(int index, ChatPiece piece) =>
        piece.Call is { } call
            ? new(ToolCalls:
                [
                    new ChatToolCall(
                        _calls[index]++, call.Id, "function", new ChatToolCall.FunctionCall(call.Name, call.Arguments)),
                ])
        : piece.Reasoning.Length > 0 ? new(ReasoningContent: piece.Reasoning)
        : new(Content: piece.Text);

    private void Write(
        int index, ChatCompletionChunk.Delta delta, ChatLogprobs? logprobs = null, string? finish = null, string? stop = null) =>
        Write(new ChatCompletionChunk(
            _id, _created, name, [new ChatCompletionChunk.ChunkChoice(index, delta, logprobs, finish, stop)]));

    private void WriteUsage() => Write(new ChatCompletionChunk(
        _id, _created, name, [],
        Usage.Of(
            [.. answers.Select(answer => answer.Generation)], answers.Count, answers.Sum(answer => answer.ReasoningTokens))));

    private void Write(ChatCompletionChunk chunk) => _events.Write(chunk, ChatJson.Api.ChatCompletionChunk);
}
