namespace Mistral.Ilgpu.Fuzzing.Mutations;

/// <summary>Changes a valid file as its format suggests.</summary>
internal interface IMutator
{
    /// <summary>The valid file.</summary>
    byte[] Whole { get; }

    byte[] Mutate(FuzzRandom random);
}
