using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Requests;
using Mistral.Ilgpu.Server.Security;
using Mistral.Ilgpu.Server.Watching;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>Submits texts for a request, which they end with, and counts them.</summary>
internal sealed class TextRunner(ServedModel model, ServerMetrics metrics, KeyLimits limits)
{
    // Most tokens of a function's name.
    private const int MostName = 256;

    /// <summary>Submits the answers to a conversation.</summary>
    public async Task<IReadOnlyList<Answer>> SubmitAsync(HttpContext context, AnswerRequest request)
    {
        var tokenizer = model.Language.Tokenizer;
        var demand = CallDemand.Of(request.Chat.Settings, request.HasParallelCalls);
        var chat = demand is null
            ? request.Chat
            : request.Chat with { Settings = request.Chat.Settings with { ToolChoice = "auto" } };
        int[] prompt = chat.Encode(tokenizer);
        model.RequireLength(prompt.Length, "messages");
        var text = new TextRequest(prompt)
        {
            Options = request.Options with
            {
                MaxTokens = model.MaxTokensOf(request.MaxTokens, prompt.Length, model.Options.DefaultMaxTokens),
            },
            StartsText = chat.StartsAnswer,
            Priority = request.Priority,
            Deadline = request.Deadline,
            Adapters = request.Adapters,
            PrefixReuse = PrefixReuse.PromptsAndAnswers,
        };
        int[] begun = [];
        if (demand is not null)
        {
            (text, begun) = await BeginCallAsync(context, text, demand);
        }

        var texts = Submit(context, Enumerable.Range(0, request.Count)
            .Select(index => text with { Options = text.Options.Nth(index) }));
        return
        [
            .. texts.Select((generation, index) => new Answer(
                generation, request with { Chat = chat }, model, begun, SaltOf(prompt, index))),
        ];
    }

    /// <summary>Submits texts, all or none.</summary>
    public IReadOnlyList<TextGeneration> Submit(HttpContext context, IEnumerable<TextRequest> requests)
    {
        var all = requests.ToList();
        limits.Take(context, all.Sum(request => request.PromptIds.Count));
        List<TextGeneration> texts = [];
        try
        {
            foreach (var request in all)
            {
                var text = model.Language.Engine.Submit(request, context.RequestAborted);
                texts.Add(text);
                metrics.OnBegin(text);
                _ = CountAsync(context, text);
            }
        }
        catch
        {
            texts.ForEach(text => text.Cancel());
            throw;
        }

        return texts;
    }

    /// <summary>Puts the beginning of a call behind the prompt. The model chooses the function, if there are several.</summary>
    private async Task<(TextRequest Text, int[] Begun)> BeginCallAsync(
        HttpContext context, TextRequest text, CallDemand demand)
    {
        var tokenizer = model.Language.Tokenizer;
        if (CallDemand.IsList(tokenizer))
        {
            return Begin(text, CallDemand.Start(tokenizer), demand.List());
        }

        string name = demand.Tools[0].Name;
        if (demand.Tools.Count > 1)
        {
            var names = Constraint.Choice([.. demand.Tools.Select(tool => tool.Name).Distinct()]);
            var (asked, _) = Begin(text, CallDemand.Start(tokenizer), names);
            var choice = Submit(context, [asked with { Options = asked.Options with { MaxTokens = MostName, Stop = [] } }])[0];
            await choice.Completion.WaitAsync(context.RequestAborted);
            _ = FinishReasons.Of(choice);
            name = choice.Text;
        }

        return Begin(text, CallDemand.Start(tokenizer, name), demand.Arguments(name));
    }

    private static (TextRequest Text, int[] Begun) Begin(TextRequest text, int[] begun, Constraint constraint) => (
        text with
        {
            PromptIds = [.. text.PromptIds, .. begun],
            StartsText = true,
            Options = text.Options with { Constraint = constraint },
        },
        begun);

    // Calls of the same answer have the same ids each time, and those of others have others.
    private static string SaltOf(int[] prompt, int index) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(prompt.AsSpan())))} {index}");

    private async Task CountAsync(HttpContext context, TextGeneration text)
    {
        string key = KeyLimits.PartitionOf(context);
        try
        {
            await text.Completion.ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Whoever reads the text is told.
        }

        limits.Count(key, text.Ids.Count);
        metrics.OnEnd(text);
    }
}
