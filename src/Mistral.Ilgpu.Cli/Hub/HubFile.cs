namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>A file of a repository at one commit.</summary>
/// <param name="Name">The path in the repository, as the hub states it.</param>
/// <param name="Etag">The name of the blob: the SHA-256 of a large file, the git SHA-1 of a small one.</param>
internal sealed record HubFile(string Name, long Bytes, string Etag)
{
    public const int Sha1Digits = 40;
    public const int Sha256Digits = 64;

    /// <summary>The SHA-256 that the hub states for the content; null for a small file.</summary>
    public string? Sha256 => Etag.Length == Sha256Digits ? Etag : null;
}
