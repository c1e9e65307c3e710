using Mistral.Ilgpu.Checkpoints.Hub;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Mistral.Ilgpu.Cli.Output;

namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>Brings files of a repository from a hub into the cache.</summary>
/// <param name="progress">Receives the bytes that are done, and how many there are, from any thread.</param>
internal sealed class HubPull(HubSettings settings, Action<long, long> progress)
{
    private long _done;
    private long _total;

    /// <param name="wanted">As <see cref="RepositoryChoice.Named"/> takes it; null for what running the model needs.</param>
    /// <exception cref="HubException">The hub cannot be reached or refuses, or the cache cannot be written.</exception>
    /// <exception cref="ModelFileException">The repository does not hold what is wanted.</exception>
    public async Task<PullResult> RunAsync(
        HubRepository repository, string revision, string? wanted, CancellationToken cancellation)
    {
        try
        {
            return await PullAsync(repository, revision, wanted, cancellation);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"{settings.Cache.Root}: cannot be written: {exception.Message}", exception);
        }
    }

    private async Task<PullResult> PullAsync(
        HubRepository repository, string revision, string? wanted, CancellationToken cancellation)
    {
        using var client = new HubClient(settings);
        var listing = await client.ListAsync(repository, revision, cancellation);
        var folder = settings.Cache.FolderOf(repository);
        var writer = new SnapshotWriter(settings, folder, listing.Commit);
        var choice = new RepositoryChoice(repository.ToString(), [.. listing.Files.Keys]);
        var names = wanted is null ? choice.ToRun() : choice.Named(wanted);
        var files = await FetchAsync(names);
        if (wanted is null && names.Contains(HuggingFaceFolder.IndexFile))
        {
            string index = folder.FilePath(listing.Commit, HuggingFaceFolder.IndexFile);
            string[] shards = [.. HuggingFaceFolder.Shards(DataFile.Read(index, File.ReadAllBytes), index)];
            files = [.. files, .. await FetchAsync(shards)];
        }

        writer.WriteRef(revision);
        return new PullResult(repository, revision, listing.Commit, folder.SnapshotPath(listing.Commit), files);

        async Task<IReadOnlyList<HubFile>> FetchAsync(IReadOnlyList<string> names)
        {
            var described = new List<HubFile>();
            foreach (string name in names)
            {
                described.Add(await DescribeAsync(client, repository, listing, name, cancellation));
            }

            await DownloadAsync(client, folder, writer, listing.Commit, described, cancellation);
            return described;
        }
    }

    private async Task DownloadAsync(
        HubClient client, HubFolder folder, SnapshotWriter writer, string commit, IReadOnlyList<HubFile> files,
        CancellationToken cancellation)
    {
        Report(0, files.Sum(file => file.Bytes));
        var byPresence = files.ToLookup(writer.Has);
        Report(byPresence[true].Sum(file => file.Bytes));
        var blobs = byPresence[false].GroupBy(file => file.Etag).Select(group => group.ToList()).ToList();
        if (blobs.Count == 0)
        {
            // The cache may be one that cannot be written.
            return;
        }

        writer.WriteCacheTag();
        RequireSpace(folder, blobs);
        using var download = new BlobDownload(client, settings, folder, commit, done => Report(done));
        var options = new ParallelOptions { MaxDegreeOfParallelism = settings.Jobs, CancellationToken = cancellation };
        await Parallel.ForEachAsync(blobs, options, async (sameContent, token) =>
        {
            var file = sameContent[0];
            using var held = await CacheLock.TakeAsync(folder.LockPath(file.Etag), token);
            // Another process may have done it meanwhile.
            var missing = sameContent.FindAll(other => !writer.Has(other));
            if (missing.Count > 0)
            {
                await download.RunAsync(file, client.AddressOf(folder.Repository, commit, file.Name), token);
                writer.Write(missing);
            }

            Report(file.Bytes * (sameContent.Count - (missing.Count > 0 ? 1 : 0)));
        });
    }

    private static async Task<HubFile> DescribeAsync(
        HubClient client, HubRepository repository, HubListing listing, string name, CancellationToken cancellation)
    {
        if (!listing.Files.TryGetValue(name, out var entry))
        {
            throw new HubException(
                $"{repository}: found no file '{name}', expected the one that {HuggingFaceFolder.IndexFile} names");
        }

        if (entry is not { Bytes: not null, Etag: not null })
        {
            var address = client.AddressOf(repository, listing.Commit, name);
            entry = await client.HeadAsync(address, repository, listing.Commit, cancellation);
        }

        return entry is { Bytes: { } bytes, Etag: { Length: HubFile.Sha1Digits or HubFile.Sha256Digits } etag }
            && HubFolder.IsHexadecimal(etag)
            ? new HubFile(name, bytes, etag)
            : throw new HubException(
                $"{repository}: {name}: found the hash '{entry.Etag}' and {entry.Bytes?.ToString() ?? "no"} bytes, "
                + "expected a SHA-256 or git SHA-1 and a size");
    }

    private void RequireSpace(HubFolder folder, IReadOnlyList<List<HubFile>> blobs)
    {
        long needed = blobs.Sum(sameContent => BytesToFetch(folder, sameContent[0]));
        long free = settings.FreeBytes(settings.Cache.Root);
        if (needed > free)
        {
            throw new HubException(
                $"{settings.Cache.Root}: found {ByteSize.Text(free)} free on the disk, expected {ByteSize.Text(needed)}");
        }
    }

    private static long BytesToFetch(HubFolder folder, HubFile file)
    {
        string path = folder.BlobPath(file.Etag);
        var partial = new FileInfo(path + ".incomplete");
        return BlobDownload.IsComplete(path, file) ? 0 : file.Bytes - (partial.Exists ? Math.Min(partial.Length, file.Bytes) : 0);
    }

    private void Report(long done, long total = 0) =>
        progress(Interlocked.Add(ref _done, done), Interlocked.Add(ref _total, total));
}
