namespace Mistral.Ilgpu.Checkpoints;

/// <summary>Files of the file system.</summary>
internal sealed class FolderStore : IFileStore
{
    public string PathOf(string folder, string file) => Path.Combine(folder, file);

    public bool Has(string path) => File.Exists(path);

    public IEnumerable<string> Find(string folder, string pattern) =>
        Directory.EnumerateFiles(folder, pattern).Select(path => Path.GetFileName(path));

    public ByteSource Open(string path) => MappedFile.Open(path);
}
