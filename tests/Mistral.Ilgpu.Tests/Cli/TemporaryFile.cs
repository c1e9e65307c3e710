namespace Mistral.Ilgpu.Tests.Cli;

internal sealed class TemporaryFile : IDisposable
{
    public TemporaryFile(string content) => File.WriteAllText(Path, content);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"mistral-{Guid.NewGuid():N}");

    public void Dispose() => File.Delete(Path);
}
