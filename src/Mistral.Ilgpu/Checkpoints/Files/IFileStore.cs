namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>Where the files of a model are kept.</summary>
internal interface IFileStore
{
    string PathOf(string folder, string file);

    bool Has(string path);

    /// <summary>The names of the files in a folder that match, in any order.</summary>
    /// <exception cref="ModelFileException">The folder cannot be read.</exception>
    IEnumerable<string> Find(string folder, string pattern);

    /// <summary>The bytes of a file that is there.</summary>
    /// <exception cref="ModelFileException">The file cannot be read, or is empty.</exception>
    ByteSource Open(string path);
}
