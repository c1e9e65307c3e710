namespace Mistral.Ilgpu.Fuzzing.Seeds;

/// <summary>A folder to make files in, gone when they are read.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mistral-fuzz-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
