namespace Mistral.Ilgpu.Fuzzing;

/// <summary>An input that a reader neither reads nor refuses as documented.</summary>
/// <param name="Name">The reader and the seed: makes the input anew.</param>
/// <param name="What">The exception, the time or the memory.</param>
/// <param name="Files">The input.</param>
public sealed record Finding(string Name, string What, IReadOnlyDictionary<string, byte[]> Files)
{
    /// <summary>Writes the input and what it did into a folder of its name.</summary>
    public string Save(string folder)
    {
        string own = Directory.CreateDirectory(Path.Combine(folder, Name)).FullName;
        foreach (var (name, bytes) in Files)
        {
            File.WriteAllBytes(Path.Combine(own, name), bytes);
        }

        File.WriteAllText(Path.Combine(own, "finding.txt"), What);
        return own;
    }
}
