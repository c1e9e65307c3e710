using Mistral.Ilgpu.Checkpoints.Hub;

namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>What a pull has put into the cache, or found there.</summary>
/// <param name="Path">The folder of the snapshot.</param>
internal sealed record PullResult(
    HubRepository Repository, string Revision, string Commit, string Path, IReadOnlyList<HubFile> Files)
{
    public long TotalBytes => Files.Sum(file => file.Bytes);
}
