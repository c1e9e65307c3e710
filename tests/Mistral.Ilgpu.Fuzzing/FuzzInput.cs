namespace Mistral.Ilgpu.Fuzzing;

/// <summary>Files as a reader finds them, by name.</summary>
internal sealed class FuzzInput(IReadOnlyDictionary<string, byte[]> files)
{
    public IReadOnlyDictionary<string, byte[]> Files { get; } = files;

    public byte[] this[string name] => Files[name];
}
