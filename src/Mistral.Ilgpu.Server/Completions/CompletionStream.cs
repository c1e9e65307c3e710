using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Server.Http;

namespace Mistral.Ilgpu.Server.Completions;

/// <summary>Writes continuations as events while the model makes them.</summary>
internal sealed class CompletionStream(
    HttpContext context, ServedModel model, IReadOnlyList<CompletionText> texts, int count, string name, bool withUsage)
{
    private readonly string _id = ServedModel.NewId("cmpl-");
    private readonly long _created = ServedModel.Now();
    private readonly EventStream _events = new(context, model.Options.KeepAlive);

    public Task WriteAsync() => _events.WriteAllAsync(
        [.. texts.Select(text => text.PartsAsync(context.RequestAborted))], Write, WriteUsage);

    private void WriteUsage()
    {
        if (withUsage)
        {
            Write([], Usage.Of([.. texts.Select(text => text.Generation)], count));
        }
    }

    private void Write(int index, CompletionPart part)
    {
        if (part.Text.Length > 0 || part.Logprobs is not null || part.IsLast)
        {
            Write([texts[index].ChoiceOf(index, part)], usage: null);
        }
    }

    private void Write(IReadOnlyList<Completion.CompletionChoice> choices, Usage? usage) =>
        _events.Write(new Completion(_id, _created, name, choices, usage), CompletionJson.Api.Completion);
}
