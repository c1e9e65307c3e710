namespace Mistral.Ilgpu.Checkpoints;

/// <summary>The files of one model, in a folder or embedded in this assembly.</summary>
internal sealed class ModelFiles
{
    private const string Embedded = "BuiltIn/";

    private readonly bool _embedded;

    private ModelFiles(string name, string location, bool embedded) => (Name, Location, _embedded) = (name, location, embedded);

    public string Name { get; }

    /// <summary>The folder, or what messages call the built-in model.</summary>
    public string Location { get; }

    public static ModelFiles Open(string model)
    {
        if (model == Checkpoint.Tiny)
        {
            return OpenBuiltIn(model);
        }

        if (!Directory.Exists(model))
        {
            throw new ModelFileException(
                model, File.Exists(model) ? "found a file, expected a folder in Hugging Face's layout" : $"found nothing there, expected a folder in Hugging Face's layout, or '{Checkpoint.Tiny}'");
        }

        string path = Path.GetFullPath(model);
        return new ModelFiles(Path.GetFileName(Path.TrimEndingDirectorySeparator(path)), path, embedded: false);
    }

    public static ModelFiles OpenBuiltIn(string name) => new(name, Embedded + name, embedded: true);

    public string PathOf(string file) => _embedded ? $"{Location}/{file}" : Path.Combine(Location, file);

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

    public ByteSource Map(string file)
    {
        string path = PathOf(file);
        return _embedded ? EmbeddedFile.Find(path) ?? throw Missing(file)
            : File.Exists(path) ? MappedFile.Open(path)
            : throw Missing(file);
    }

    private ModelFileException Missing(string file) => new(PathOf(file), $"found no such file, expected a model in Hugging Face's layout");
}
