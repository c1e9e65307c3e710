namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>The files of the file system.</summary>
internal sealed class FolderStore : IFileStore
{
    public string PathOf(string folder, string file) => Path.Combine(folder, file);

    public bool Has(string path) => File.Exists(path);

    public IEnumerable<string> Find(string folder, string pattern)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder, pattern).Select(path => Path.GetFileName(path))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(folder, $"cannot be read ({exception.Message}), expected a folder of a model");
        }
    }

    public ByteSource Open(string path) => DiskFile.Open(path);
}
