namespace Mistral.Ilgpu.Fuzzing;

/// <summary>A reader and the valid files that its inputs are made from.</summary>
/// <param name="Share">How many inputs it gets beside the others: fewer where one takes long.</param>
/// <param name="Read">Reads an input as the program does; where it refuses, throws what <see cref="Fuzzer.IsDocumented"/>
/// names.</param>
internal sealed record FuzzTarget(string Name, int Share, IReadOnlyList<FuzzSeed> Seeds, Action<FuzzInput> Read)
{
    /// <summary>The input of a seed: the same whenever the seeds' files and the mutators are.</summary>
    public FuzzInput Input(ulong seed)
    {
        var random = new FuzzRandom(seed);
        return random.Pick(Seeds).Mutate(random);
    }
}
