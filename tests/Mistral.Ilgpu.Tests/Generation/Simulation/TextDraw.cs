using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Tests.Generation.Simulation;

/// <summary>What a text asks for and what happens to it, drawn at random.</summary>
internal sealed class TextDraw
{
    private const int MostNew = 24;

    public TextDraw(EngineSimulation simulation, Random random, Conversation? conversation)
    {
        Reading = (Reading)random.Next(3);
        Ending = random.Next(3) == 0 ? (Ending)random.Next(1, 8) : Ending.None;
        EndsAfter = random.Next(1, 8);
        Throws = random.Next(25) == 0;
        Options = DrawOptions(random);
        Request = new TextRequest(DrawPrompt(simulation, random, conversation?.Ids ?? []))
        {
            Options = Options with { LogitProcessors = [.. Options.LogitProcessors, .. Doers(random)] },
            StartsText = random.Next(2) == 0,
            Priority = random.Next(4) == 0 ? random.Next(-1, 2) : 0,
            Deadline = random.Next(12) == 0 ? TimeSpan.FromMilliseconds(0.01 + (3 * random.NextDouble())) : null,
            Adapters = DrawAdapters(simulation.Model, random),
            PrefixReuse = (PrefixReuse)random.Next(3),
            Kept = conversation?.Kept,
            EndsAfterPrompt = conversation is null && random.Next(25) == 0,
        };
    }

    public TextRequest Request { get; }

    /// <summary>The request's, without what throws or cancels.</summary>
    public GenerationOptions Options { get; }

    public Reading Reading { get; }

    public Ending Ending { get; }

    /// <summary>Tokens after which it is ended.</summary>
    public int EndsAfter { get; }

    /// <summary>Whether it has a processor that throws.</summary>
    public bool Throws { get; }

    /// <summary>The text, once there is one.</summary>
    public Func<TextGeneration?> Submitted { get; set; } = () => null;

    public override string ToString() => FormattableString.Invariant(
        $"[{Request.PromptIds.Count}+{Options.MaxTokens} {Reading} {Ending}@{EndsAfter} {Throws} {Request.Kept is not null}]");

    private static GenerationOptions DrawOptions(Random random)
    {
        bool isDrawn = random.Next(2) == 0;
        bool isPlain = random.Next(2) == 0;
        return new GenerationOptions
        {
            MaxTokens = random.Next(1, MostNew),
            IgnoreEos = random.Next(4) == 0,
            Stop = random.Next(4) == 0 ? ["\u0003\u0004", "\u0007"] : [],
            TopLogProbabilities = random.Next(8) == 0 ? random.Next(3) : null,
            PromptLogProbabilities = random.Next(12) == 0 ? 1 : null,
            LogitProcessors = random.Next(8) == 0 ? [new AvoidLast()] : [],
            Sampling = new SamplingOptions
            {
                Temperature = isDrawn ? 0.9 : 0,
                TopK = random.Next(2) * 10,
                Seed = random.Next(2) == 0 ? (ulong)random.Next() : null,
                RepeatPenalty = isPlain ? 1 : 1.1,
                PresencePenalty = isPlain ? 0 : random.NextDouble(),
                FrequencyPenalty = isPlain ? 0 : random.NextDouble(),
                PenaltyWindow = random.Next(2) * 7,
                LogitBias = random.Next(6) == 0
                    ? new Dictionary<int, float> { [random.Next(40)] = float.NegativeInfinity, [5] = 1 }
                    : new Dictionary<int, float>(),
            },
        };
    }

    // Many begin alike.
    private static int[] DrawPrompt(EngineSimulation simulation, Random random, int[] before)
    {
        var beginning = simulation.Beginnings[random.Next(simulation.Beginnings.Length)];
        int room = (simulation.Model.Context ?? int.MaxValue) - before.Length;
        int[] more =
        [
            .. before.Length > 0 ? [] : beginning.Take(random.Next(beginning.Length)),
            .. Enumerable.Range(0, random.Next(1, 8)).Select(_ => random.Next(simulation.Model.VocabularySize)),
        ];
        return room > 0 ? [.. before, .. more.Take(room)] : [.. more];
    }

    private static string[]? DrawAdapters(FakeModel model, Random random) => random.Next(2) == 0
        ? null
        : [.. model.Adapters.Names.Where(_ => random.Next(2) == 0)];

    private IEnumerable<ILogitProcessor> Doers(Random random)
    {
        if (Throws)
        {
            yield return new DoAfter(random.Next(4), () => throw new SimulatedFault("in a processor"));
        }

        if (Ending == Ending.ByProcessor)
        {
            yield return new DoAfter(EndsAfter, () => Submitted()?.Cancel());
        }
    }
}
