using Mistral.Ilgpu.Fuzzing.Mutations;

namespace Mistral.Ilgpu.Fuzzing;

/// <summary>Valid files, of which one or two are mutated.</summary>
/// <param name="Mutated">How a file of a name is mutated.</param>
/// <param name="Kept">Files that stay as they are.</param>
internal sealed record FuzzSeed(IReadOnlyList<KeyValuePair<string, IMutator>> Mutated, IReadOnlyDictionary<string, byte[]> Kept)
{
    public FuzzSeed(params (string Name, IMutator Mutator)[] mutated)
        : this([.. mutated.Select(file => KeyValuePair.Create(file.Name, file.Mutator))], new Dictionary<string, byte[]>())
    {
    }

    public FuzzInput Whole() =>
        new(Mutated.Select(file => KeyValuePair.Create(file.Key, file.Value.Whole)).Concat(Kept).ToDictionary());

    public FuzzInput Mutate(FuzzRandom random)
    {
        var files = new Dictionary<string, byte[]>(Kept);
        int chosen = random.Next(Mutated.Count);
        for (int i = 0; i < Mutated.Count; i++)
        {
            var mutator = Mutated[i].Value;
            files[Mutated[i].Key] = i == chosen || random.OneIn(16) ? mutator.Mutate(random) : mutator.Whole;
        }

        return new FuzzInput(files);
    }
}
