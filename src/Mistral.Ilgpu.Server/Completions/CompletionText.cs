using System.Runtime.CompilerServices;
using System.Text;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Server.Completions;

/// <summary>One continuation of a prompt, with the prompt before it if that is wanted.</summary>
internal sealed class CompletionText(TextGeneration text, TextTokenizer tokenizer, bool echoes)
{
    private readonly LogprobsWriter _logprobs = new(tokenizer, isContinuation: !echoes);

    public TextGeneration Generation => text;

    /// <summary>The parts as they are certain.</summary>
    public async IAsyncEnumerable<CompletionPart> PartsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        List<GeneratedToken> held = [];
        bool hasBegun = false;
        await foreach (var token in text.WithCancellation(cancellation).ConfigureAwait(false))
        {
            held.Add(token);
            // The first token may come before the log-probabilities of its prompt.
            if (hasBegun || HasReadPrompt)
            {
                yield return Take(held, ref hasBegun);
            }
        }

        yield return Take(held, ref hasBegun) with { IsLast = true };
    }

    /// <summary>All parts as one.</summary>
    public async Task<CompletionPart> ReadAsync(CancellationToken cancellation)
    {
        List<GeneratedToken> tokens = [];
        await foreach (var token in text.WithCancellation(cancellation).ConfigureAwait(false))
        {
            tokens.Add(token);
        }

        bool hasBegun = false;
        return Take(tokens, ref hasBegun) with { IsLast = true };
    }

    public Completion.CompletionChoice ChoiceOf(int index, CompletionPart part) => new(
        index, part.Text, part.Logprobs, part.IsLast ? FinishReasons.Of(text) : null, part.IsLast ? text.StopText : null);

    private bool IsScored => text.Request.Options.PromptLogProbabilities is not null;

    private bool HasReadPrompt => !IsScored || text.PromptLogProbabilities.Count == text.PromptIds.Count - 1;

    private CompletionPart Take(List<GeneratedToken> tokens, ref bool hasBegun)
    {
        var part = new StringBuilder(hasBegun ? "" : Begin());
        hasBegun = true;
        foreach (var token in tokens)
        {
            part.Append(token.Text);
            _logprobs.Add(token);
        }

        tokens.Clear();
        return new CompletionPart(part.ToString(), _logprobs.Take(), IsLast: false);
    }

    private string Begin()
    {
        if (!echoes)
        {
            return "";
        }

        // A prompt that was never computed has none.
        if (IsScored && HasReadPrompt)
        {
            _logprobs.AddPrompt(text);
        }

        return tokenizer.Decode(text.PromptIds.Where(id => id < tokenizer.VocabularySize));
    }
}
