using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Requests;
using Mistral.Ilgpu.Server.Security;
using Mistral.Ilgpu.Server.Watching;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>Submits texts for a request, which they end with, and counts them.</summary>
internal sealed class TextRunner(ServerMetrics metrics, KeyLimits limits)
{
    /// <summary>Submits the answers to a conversation.</summary>
    public IReadOnlyList<Answer> Submit(HttpContext context, ServedModel model, AnswerRequest request)
    {
        var tokenizer = model.Language.Tokenizer;
        int[] prompt = request.Chat.Encode(tokenizer);
        model.RequireLength(prompt.Length, "messages");
        var options = request.Chat.OptionsFor(tokenizer, request.Options) with
        {
            MaxTokens = model.MaxTokensOf(request.MaxTokens, prompt.Length, model.Options.DefaultMaxTokens),
        };
        var texts = Submit(context, model, Enumerable.Range(0, request.Count).Select(index => new TextRequest(prompt)
        {
            Options = options.Nth(index),
            StartsText = request.Chat.StartsAnswer,
            Priority = request.Priority,
            Deadline = request.Deadline,
            Adapters = request.Adapters,
            PrefixReuse = PrefixReuse.PromptsAndAnswers,
        }));
        return [.. texts.Select((text, index) => new Answer(text, request, model, SaltOf(prompt, index)))];
    }

    /// <summary>Submits texts, all or none.</summary>
    /// <exception cref="ApiException">An adapter was unloaded after the request named it.</exception>
    public IReadOnlyList<TextGeneration> Submit(HttpContext context, ServedModel model, IEnumerable<TextRequest> requests)
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
                var counts = metrics.Of(model);
                counts.OnBegin(text);
                _ = CountAsync(context, text, counts);
            }
        }
        catch (Exception exception)
        {
            texts.ForEach(text => text.Cancel());
            var adapters = all.SelectMany(request => request.Adapters ?? []);
            if (exception is ArgumentException && adapters.Except(model.Language.Info.Adapters).Any())
            {
                throw ServedModel.Unloaded("an adapter");
            }

            throw;
        }

        return texts;
    }

    // Calls of the same answer have the same ids each time, and those of others have others.
    private static string SaltOf(int[] prompt, int index) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(prompt.AsSpan())))} {index}");

    private async Task CountAsync(HttpContext context, TextGeneration text, ModelMetrics counts)
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
        counts.OnEnd(text);
    }
}
