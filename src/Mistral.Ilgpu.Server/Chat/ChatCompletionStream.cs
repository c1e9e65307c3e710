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

    public async Task WriteAsync()
    {
        for (int index = 0; index < answers.Count; index++)
        {
            Write(index, new ChatCompletionChunk.Delta(Role: "assistant", Content: ""));
        }

        await _events.WriteAllAsync(
            [.. answers.Select(answer => answer.StepsAsync(context.RequestAborted))], WriteStep, WriteUsage);
    }

    private void WriteStep(int index, AnswerStep step)
    {
        var logprobs = step.Logprob is { } logprob ? new ChatLogprobs([logprob]) : null;
        foreach (var piece in step.Pieces)
        {
            if (DeltaOf(piece) is { } delta)
            {
                Write(index, delta, logprobs);
                logprobs = null;
            }
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

    // A call was told in its parts.
    private static ChatCompletionChunk.Delta? DeltaOf(ChatPiece piece) =>
        piece.Call is not null ? null
        : piece.Part is { } part ? new(ToolCalls:
            [
                new ChatToolCall(
                    part.Index, part.Id, part.Id is null ? null : "function",
                    new ChatToolCall.FunctionCall(part.Name, part.Arguments)),
            ])
        : piece.Reasoning.Length > 0 ? new(ReasoningContent: piece.Reasoning)
        : new(Content: piece.Text);

    private void Write(
        int index, ChatCompletionChunk.Delta delta, ChatLogprobs? logprobs = null, string? finish = null, string? stop = null) =>
        Write(new ChatCompletionChunk(
            _id, _created, name, [new ChatCompletionChunk.ChunkChoice(index, delta, logprobs, finish, stop)]));

    private void WriteUsage()
    {
        if (withUsage)
        {
            var usage = Usage.Of(
                [.. answers.Select(answer => answer.Generation)], answers.Count, answers.Sum(answer => answer.ReasoningTokens));
            Write(new ChatCompletionChunk(_id, _created, name, [], usage));
        }
    }

    private void Write(ChatCompletionChunk chunk) => _events.Write(chunk, ChatJson.Api.ChatCompletionChunk);
}
