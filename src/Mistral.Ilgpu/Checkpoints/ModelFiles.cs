namespace Mistral.Ilgpu.Checkpoints;

/// <summary>The files of one model, in a folder or embedded in this assembly; owns those it has mapped.</summary>
internal sealed class ModelFiles : IDisposable
{
    private const string Embedded = "BuiltIn/";

    private readonly bool _embedded;
    private readonly List<ByteSource> _mapped = [];

    private ModelFiles(string name, string location, bool embedded) => (Name, Location, _embedded) = (name, location, embedded);

    public string Name { get; }

    /// <summary>The folder, or what messages call the built-in model.</summary>
    public string Location { get; }

    public static ModelFiles InFolder(string folder)
    {
        string path = Path.GetFullPath(folder);
        return new ModelFiles(Path.GetFileName(Path.TrimEndingDirectorySeparator(path)), path, embedded: false);
    }

    /// <summary>No files at all.</summary>
    public static ModelFiles None => new("", Embedded, embedded: true);

    public static ModelFiles BuiltIn(string name) => new(name, Embedded + name, embedded: true);

    public string PathOf(string file) => _embedded ? $"{Location}/{file}" : Path.Combine(Location, file);

    public bool Has(string file) => _embedded || File.Exists(PathOf(file));

    /// <summary>The names of the files that match, in order.</summary>
    public IReadOnlyList<string> Find(string pattern) => _embedded ? [] :
        [.. Directory.EnumerateFiles(Location, pattern).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>A small file's bytes, or null if there is none.</summary>
    public byte[]? Read(string file)
    {
        string path = PathOf(file);
        if (!_embedded && !File.Exists(path))
        {
            return null;
        }

        using ByteSource? source = _embedded ? EmbeddedFile.Find(path) : MappedFile.Open(path);
        const int MostBytes = 256 << 20;
        return source is null ? null : source.Length <= MostBytes ? source.ReadAll(0, (int)source.Length) : throw new ModelFileException(
            path, $"found {source.Length} bytes, expected at most {MostBytes}");
    }

    public byte[] ReadRequired(string file) => Read(file) ?? throw Missing(file);

    /// <summary>A file's bytes, to look at until this is disposed.</summary>
    public ByteSource Map(string file)
    {
        string path = PathOf(file);
        ByteSource source = _embedded ? EmbeddedFile.Find(path) ?? throw Missing(file)
            : File.Exists(path) ? MappedFile.Open(path)
            : throw Missing(file);
        _mapped.Add(source);
        return source;
    }

    public void Dispose()
    {
        foreach (var source in _mapped)
        {
            source.Dispose();
        }
    }

    private ModelFileException Missing(string file) => new(PathOf(file), "found no such file, expected one of a model");
}
