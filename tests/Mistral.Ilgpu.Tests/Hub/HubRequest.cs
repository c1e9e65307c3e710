namespace Mistral.Ilgpu.Tests.Hub;

/// <summary>A request that a <see cref="TestHub"/> got.</summary>
/// <param name="IsStorage">Whether it went to where large files are.</param>
internal sealed record HubRequest(string Method, string Path, string? Range, string? Authorization, bool IsStorage)
{
    /// <summary>Whether it asked for the content of a file.</summary>
    public bool IsContent => Method == "GET" && (IsStorage || Path.Contains("/resolve/", StringComparison.Ordinal));
}
