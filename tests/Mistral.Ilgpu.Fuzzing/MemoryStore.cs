using System.IO.Enumeration;
using Mistral.Ilgpu.Checkpoints.Files;

namespace Mistral.Ilgpu.Fuzzing;

/// <summary>The files of an input as those of a model.</summary>
internal sealed class MemoryStore(FuzzInput input) : IFileStore
{
    public string PathOf(string folder, string file) => file;

    public bool Has(string path) => input.Files.ContainsKey(path);

    public IEnumerable<string> Find(string folder, string pattern) =>
        input.Files.Keys.Where(name => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false));

    public ByteSource Open(string path) => input[path] is { Length: > 0 } bytes
        ? new MemorySource(path, bytes)
        : throw new ModelFileException(path, "found an empty file, expected one of a model");
}
