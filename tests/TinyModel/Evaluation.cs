using Mistral.Ilgpu.Tokenization;
using Mistral.Ilgpu.TinyModel.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Mistral.Ilgpu.TinyModel;

/// <summary>
/// Held-out figures. An answer counts as exact if every one of its tokens, the end included, is the most likely one after the
/// tokens before it. Greedy decoding then gives exactly that answer.
/// </summary>
public sealed class Evaluation(TinyTransformer model, Corpus corpus, SentencePieceBpe tokenizer)
{
    private const int Length = 512;

    public double StoryLoss(int count)
    {
        using var noGradient = no_grad();
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            using var scope = NewDisposeScope();
            var batch = new Batch(1, Length);
            batch.PackAlone(0, corpus.Story());
            sum += batch.Loss(model).item<float>();
        }

        return sum / count;
    }

    /// <summary>Share of exact answers to single questions of a kind.</summary>
    public double Accuracy(DialogueKind kind, int trials) => Exact(trials, () => corpus.NextDialogue(0, 0, kind)).Share;

    /// <summary>
    /// Share of names recalled over a distance of <paramref name="from"/> to <paramref name="to"/> tokens. It counts from the
    /// name's last mention by the user to the place where it must be said.
    /// </summary>
    public (double Share, double MeanDistance) Recall(int from, int to, int trials) => Exact(trials, () =>
    {
        while (true)
        {
            // A word is one to two tokens; what misses the range is drawn again.
            var dialogue = corpus.NextDialogue(from / 2, to, DialogueKind.Name);
            int distance = Distance(dialogue);
            if (distance >= from && distance <= to)
            {
                return dialogue;
            }
        }
    });

    // From the end of the turn that introduces the name to the beginning of the answer that recalls it.
    private int Distance(Dialogue dialogue)
    {
        var before = corpus.Dialogue(new Dialogue([.. dialogue.Turns.SkipLast(1)])).Ids.Length;
        int question = tokenizer.EncodeToIds($"[INST] {dialogue.Turns[^1].User} [/INST]").Count;
        int introduction = corpus.Dialogue(new Dialogue([dialogue.Turns[0]])).Ids.Length;
        return before + question - introduction;
    }

    private (double Share, double MeanDistance) Exact(int trials, Func<Dialogue> next)
    {
        using var noGradient = no_grad();
        const int Rows = 16;
        int exact = 0;
        double distance = 0;
        for (int done = 0; done < trials; done += Rows)
        {
            using var scope = NewDisposeScope();
            var dialogues = Enumerable.Range(0, Rows).Select(_ => next()).ToArray();
            var documents = dialogues.Select(corpus.Dialogue).ToArray();
            var batch = new Batch(Rows, Length);
            for (int row = 0; row < Rows; row++)
            {
                batch.PackAlone(row, documents[row]);
            }

            long[] predicted = batch.Predict(model);
            for (int row = 0; row < Rows && done + row < trials; row++)
            {
                int answer = tokenizer.EncodeToIds(dialogues[row].Turns[^1].Answer).Count + 1;
                int end = Math.Min(documents[row].Ids.Length - 1, Length);
                bool right = Enumerable.Range((row * Length) + end - answer, answer).All(i => predicted[i] == batch.TargetIds[i]);
                exact += right ? 1 : 0;
                distance += dialogues[row].Turns.Count > 1 ? Distance(dialogues[row]) : 0;
            }
        }

        return ((double)exact / trials, distance / trials);
    }
}
