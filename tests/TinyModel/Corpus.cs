using Mistral.Ilgpu.Tokenization;
using Mistral.Ilgpu.TinyModel.Data;

namespace Mistral.Ilgpu.TinyModel;

/// <summary>One document: its ids, and how much each counts as a target.</summary>
public sealed record Document(int[] Ids, float[] Weights);

/// <summary>Stories and dialogues as documents of ids, endlessly.</summary>
public sealed class Corpus(SentencePieceBpe tokenizer, int seed, bool heldOut)
{
    private const float QuestionWeight = 0.1f;
    private const float NameWeight = 4;

    private readonly Random _random = new(seed);
    private readonly StoryGenerator _stories = new(new Random(seed + 1), heldOut);
    private readonly DialogueGenerator _dialogues = new(
        new Random(seed + 2), new StoryGenerator(new Random(seed + 3), heldOut), heldOut);

    /// <param name="reach">How far back, in words, a name may have to be recalled.</param>
    public Document Next(int reach) => _random.NextDouble() switch
    {
        < 0.3 => Story(),
        < 0.75 => Dialogue(_dialogues.Next(0, _random.Next(0, reach + 1), DialogueKind.Name)),
        _ => Dialogue(_dialogues.Next(0, 0)),
    };

    public Document Story()
    {
        int[] ids = [tokenizer.BosId, .. tokenizer.EncodeToIds(_stories.Next()), tokenizer.EosId];
        return new Document(ids, [.. ids.Select(_ => 1f)]);
    }

    public Dialogue NextDialogue(int minFiller, int maxFiller, DialogueKind kind) => _dialogues.Next(minFiller, maxFiller, kind);

    public Document Dialogue(Dialogue dialogue)
    {
        List<int> ids = [tokenizer.BosId];
        List<float> weights = [0];
        foreach (var turn in dialogue.Turns)
        {
            Add(tokenizer.EncodeToIds($"[INST] {turn.User} [/INST]"), QuestionWeight);
            bool recall = turn.Kind == DialogueKind.Name && turn.Answer.StartsWith("Your", StringComparison.Ordinal);
            Add([.. tokenizer.EncodeToIds(turn.Answer), tokenizer.EosId], recall ? NameWeight : 1);
        }

        return new Document([.. ids], [.. weights]);

        void Add(IReadOnlyList<int> part, float weight)
        {
            ids.AddRange(part);
            weights.AddRange(part.Select(_ => weight));
        }
    }
}
