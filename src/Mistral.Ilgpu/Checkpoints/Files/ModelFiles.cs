namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>The files of one model in a store. Owns the files that it keeps open.</summary>
/// <param name="location">The folder in the store, or the name of the built-in model in messages.</param>
internal sealed class ModelFiles(string name, string location, IFileStore store) : IDisposable
{
    private const string Embedded = "BuiltIn/";

    private readonly List<ByteSource> _open = [];

    public string Name { get; } = name;

    public string Location { get; } = location;

    public static ModelFiles InFolder(string folder)
    {
        string path = Path.GetFullPath(folder);
        return new ModelFiles(Path.GetFileName(Path.TrimEndingDirectorySeparator(path)), path, new FolderStore());
    }

    /// <summary>An empty set of files.</summary>
    public static ModelFiles None => new("", Embedded, new EmbeddedStore());

    public static ModelFiles BuiltIn(string name) => new(name, Embedded + name, new EmbeddedStore());

    public string PathOf(string file) => store.PathOf(Location, file);

    public bool Has(string file) => store.Has(PathOf(file));

    /// <summary>The names of the files that match a pattern, sorted.</summary>
    public IReadOnlyList<string> Find(string pattern) => [.. store.Find(Location, pattern).Order(StringComparer.Ordinal)];

    /// <summary>The bytes of a small file; null if it does not exist.</summary>
    public byte[]? Read(string file)
    {
        if (!Has(file))
        {
            return null;
        }

        using var source = Open(file);
        const int MostBytes = 256 << 20;
        return source.Length <= MostBytes ? source.ReadAll(0, (int)source.Length) : throw new ModelFileException(
            source.Name, $"found {source.Length} bytes, expected at most {MostBytes}");
    }

    public byte[] ReadRequired(string file) => Read(file) ?? throw Missing(file);

    /// <summary>Opens a file, which the caller disposes.</summary>
    public ByteSource Open(string file) => Has(file) ? store.Open(PathOf(file)) : throw Missing(file);

    /// <summary>Opens a file, which stays open until this instance is disposed.</summary>
    public ByteSource Keep(string file)
    {
        var source = Open(file);
        _open.Add(source);
        return source;
    }

    public void Dispose()
    {
        foreach (var source in _open)
        {
            source.Dispose();
        }
    }

    private ModelFileException Missing(string file) => new(PathOf(file), "found no such file, expected one of a model");
}
