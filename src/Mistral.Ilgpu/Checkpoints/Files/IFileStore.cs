namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>A store of model files.</summary>
internal interface IFileStore
{
    string PathOf(string folder, string file);

    bool Has(string path);

    /// <summary>The names of the files in a folder that match a pattern, in any order.</summary>
    /// <exception cref="ModelFileException">The folder cannot be read.</exception>
    IEnumerable<string> Find(string folder, string pattern);

    /// <summary>Opens a file that exists.</summary>
    /// <exception cref="ModelFileException">The file cannot be read, or is empty.</exception>
    ByteSource Open(string path);
}
