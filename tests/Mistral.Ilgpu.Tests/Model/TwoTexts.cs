using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Two texts at once: one is read in chunks, then both are decoded.</summary>
internal static class TwoTexts
{
    /// <summary>All logits of six passes.</summary>
    public static List<float> Logits(MistralModel model)
    {
        int[] prompt = [.. Enumerable.Range(0, 20).Select(i => 3 + (i * 7 % 30))];
        using var first = model.TryOpen(40)!;
        using var second = model.TryOpen(40)!;
        var all = new List<float>();
        var logits = new float[model.Config.VocabularySize];
        var batch = new Batch();
        for (int pass = 0; pass < 6; pass++)
        {
            batch.Clear();
            batch.Decode(second, 5 + pass);
            if (first.Position < prompt.Length)
            {
                int count = model.ChunkLength(first.Position, prompt.Length - first.Position);
                batch.Prefill(
                    first, prompt.AsMemory(first.Position, count), wantsLogits: first.Position + count == prompt.Length);
            }
            else
            {
                batch.Decode(first, 9);
            }

            model.Forward(batch);
            for (int row = 0; row < batch.LogitCount; row++)
            {
                model.ReadLogits(row, logits);
                all.AddRange(logits);
            }
        }

        return all;
    }
}
