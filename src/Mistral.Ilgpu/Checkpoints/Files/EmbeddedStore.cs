namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>The files embedded in this assembly.</summary>
internal sealed class EmbeddedStore : IFileStore
{
    public string PathOf(string folder, string file) => $"{folder}/{file}";

    public bool Has(string path) => EmbeddedFile.Exists(path);

    public IEnumerable<string> Find(string folder, string pattern) => [];

    public ByteSource Open(string path) => EmbeddedFile.Open(path);
}
