using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Generation;

/// <summary>Continues texts with a model, one at a time.</summary>
/// <param name="endIds">The tokens that end a text.</param>
internal sealed class Generator(ILogitSource model, TextTokenizer tokenizer, IReadOnlyCollection<int> endIds)
{
    public Generator(ModelText text, TextTokenizer tokenizer)
        : this(new ModelLogits(text), tokenizer, text.Model.Config.EosIds)
    {
    }

    /// <summary>A continuation, which runs as it is enumerated.</summary>
    /// <param name="prompt">The text so far, of which the model may have read the beginning already.</param>
    /// <param name="startsText">Whether the output is a text of its own, as an answer is, whose first word has no space
    /// before it.</param>
    public Generation Start(IReadOnlyList<int> prompt, GenerationOptions options, bool startsText = false)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(options);
        if (prompt.Count <= model.Position)
        {
            throw new ArgumentException(
                $"a prompt of {prompt.Count} tokens of which the model has read {model.Position}, expected more", nameof(prompt));
        }

        return new Generation(
            model, [.. prompt], new Continuation(tokenizer, endIds, model.VocabularySize, prompt, options, startsText));
    }
}
