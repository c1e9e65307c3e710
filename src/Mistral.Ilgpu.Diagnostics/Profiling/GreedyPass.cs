using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>A pass of a prompt, or of a token that was chosen greedily after it.</summary>
/// <param name="Start">The first position.</param>
/// <param name="Count">Tokens of the prompt; 0 if a token is generated.</param>
/// <param name="Chooses">Whether the next token is chosen after the pass.</param>
internal readonly record struct GreedyPass(int Start, int Count, bool Chooses)
{
    /// <summary>The passes of a prompt and of <paramref name="generated"/> tokens after it.</summary>
    public static IEnumerable<GreedyPass> Of(MistralModel model, int[] prompt, int generated)
    {
        for (int start = 0; start < prompt.Length;)
        {
            int count = model.ChunkLength(start, prompt.Length - start);
            yield return new GreedyPass(start, count, start + count == prompt.Length);
            start += count;
        }

        for (int i = 0; i < generated; i++)
        {
            yield return new GreedyPass(prompt.Length + i, 0, Chooses: true);
        }
    }

    /// <param name="next">The token that was chosen last.</param>
    public void Fill(Batch batch, Sequence sequence, int[] prompt, int next)
    {
        batch.Clear();
        if (Count > 0)
        {
            batch.Prefill(sequence, prompt.AsMemory(Start, Count), Chooses);
        }
        else
        {
            batch.Decode(sequence, next);
        }
    }

    public override string ToString() =>
        Count > 0 ? $"the prompt's tokens from {Start} to {Start + Count - 1}" : $"the token at position {Start}";
}
