using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Generation;

/// <summary>What a model asks of a text before it is queued.</summary>
internal sealed class RequestRules(IBatchModel model)
{
    /// <summary>Requires that the model can continue a text.</summary>
    /// <returns>Tokens that the text may come to have, the prompt included.</returns>
    public int Admit(TextRequest request, int[] prompt)
    {
        ArgumentOutOfRangeException.ThrowIfZero(prompt.Length, nameof(request.PromptIds));
        foreach (int id in prompt.Concat(request.Options.Sampling.LogitBias.Keys))
        {
            if ((uint)id >= (uint)model.VocabularySize)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(request), id, $"a token id outside the vocabulary, expected ids below {model.VocabularySize}");
            }
        }

        int context = model.Context ?? int.MaxValue;
        if (prompt.Length > context)
        {
            throw new ContextFullException(context, prompt.Length);
        }

        int wanted = request.EndsAfterPrompt ? 0 : request.Options.MaxTokens;
        int maxTokens = (int)Math.Min(prompt.Length + (long)wanted, context);
        model.Sequences.RequireRoom(maxTokens);
        return maxTokens;
    }
}
