using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>
/// A pass of a prompt, or of the tokens that were chosen greedily after it. Several texts may have the same prompt: each reads
/// it in passes of its own, then every pass generates a token of each.
/// </summary>
/// <param name="Text">The text whose prompt it is.</param>
/// <param name="Start">The first position.</param>
/// <param name="Count">Tokens of the prompt; 0 if a token of each text is generated.</param>
/// <param name="Chooses">Whether the next tokens are chosen after the pass.</param>
internal readonly record struct GreedyPass(int Text, int Start, int Count, bool Chooses)
{
    /// <summary>The passes of a prompt and of <paramref name="generated"/> tokens after it, in each of the texts.</summary>
    public static IEnumerable<GreedyPass> Of(MistralModel model, int[] prompt, int generated, int texts = 1)
    {
        for (int text = 0; text < texts; text++)
        {
            for (int start = 0; start < prompt.Length;)
            {
                int count = model.ChunkLength(start, prompt.Length - start);
                yield return new GreedyPass(text, start, count, start + count == prompt.Length);
                start += count;
            }
        }

        for (int i = 0; i < generated; i++)
        {
            yield return new GreedyPass(0, prompt.Length + i, 0, Chooses: true);
        }
    }

    /// <param name="next">The token of each text that was chosen last.</param>
    public void Fill(Batch batch, IReadOnlyList<Sequence> sequences, int[] prompt, IReadOnlyList<int> next)
    {
        batch.Clear();
        if (Count > 0)
        {
            batch.Prefill(sequences[Text], prompt.AsMemory(Start, Count), Chooses);
            return;
        }

        for (int text = 0; text < sequences.Count; text++)
        {
            batch.Decode(sequences[text], next[text]);
        }
    }

    /// <summary>Keeps the tokens that the model chose after the pass.</summary>
    public void Keep(MistralModel model, int[] next)
    {
        if (Chooses)
        {
            model.ArgMax().CopyTo(next.AsSpan(Count > 0 ? Text : 0));
        }
    }

    public override string ToString() =>
        Count > 0 ? $"the prompt's tokens from {Start} to {Start + Count - 1}" : $"the token at position {Start}";
}
