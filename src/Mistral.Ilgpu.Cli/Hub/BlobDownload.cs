using Mistral.Ilgpu.Checkpoints.Hub;

namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>
/// Fetches files into blobs. Ranges of a file are fetched at the same time and appended in order, so that what is on disk is
/// always the beginning of the file.
/// </summary>
/// <param name="report">Receives the bytes that have come; negative where they are fetched again.</param>
internal sealed class BlobDownload(HubClient client, HubSettings settings, HubFolder folder, string commit, Action<long> report)
    : IDisposable
{
    // Holds a range from its request until it is on disk, so it limits connections and memory.
    private readonly SemaphoreSlim _slots = new(settings.Jobs);

    /// <summary>Makes sure that the blob of a file is there and complete. The caller holds its lock.</summary>
    public async Task RunAsync(HubFile file, HubAddress address, CancellationToken cancellation)
    {
        string path = folder.BlobPath(file.Etag);
        if (IsComplete(path, file))
        {
            report(file.Bytes);
            return;
        }

        using var partial = await PartialBlob.OpenAsync(file, path, cancellation);
        report(partial.Length);
        try
        {
            await FetchRangesAsync(file, address, partial, cancellation);
        }
        catch (RangeIgnoredException)
        {
            await FetchWholeAsync(file, address, partial, cancellation);
        }

        partial.Complete(path);
    }

    public static bool IsComplete(string path, HubFile file) => File.Exists(path) && new FileInfo(path).Length == file.Bytes;

    public void Dispose() => _slots.Dispose();

    private async Task FetchRangesAsync(HubFile file, HubAddress address, PartialBlob partial, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ranges = new Queue<RangeFetch>();
        long next = partial.Length;
        try
        {
            while (partial.Length < file.Bytes)
            {
                // Waits for a slot only where it holds none, because the ranges of another file may hold all.
                bool starts = next < file.Bytes
                    && (ranges.Count == 0 ? await WaitAsync() : _slots.Wait(0, CancellationToken.None));
                if (starts)
                {
                    int length = (int)Math.Min(settings.RangeBytes, file.Bytes - next);
                    ranges.Enqueue(new RangeFetch(
                        client, folder.Repository, commit, address, file, next, length, report, ending.Token));
                    next += length;
                    continue;
                }

                await ranges.Peek().Done;
                partial.Append(ranges.Peek().Received);
                Release(ranges.Dequeue());
            }
        }
        finally
        {
            await ending.CancelAsync();
            await EndAsync(ranges, partial);
        }

        async Task<bool> WaitAsync()
        {
            await _slots.WaitAsync(cancellation);
            return true;
        }
    }

    // Keeps what has come without a gap.
    private async Task EndAsync(Queue<RangeFetch> ranges, PartialBlob partial)
    {
        bool isNext = true;
        foreach (var range in ranges)
        {
            await range.Done.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (isNext)
            {
                partial.Append(range.Received);
            }
            else
            {
                report(-range.Received.Length);
            }

            isNext &= range.Done.IsCompletedSuccessfully;
            Release(range);
        }
    }

    private void Release(RangeFetch range)
    {
        range.Dispose();
        _slots.Release();
    }

    private async Task FetchWholeAsync(HubFile file, HubAddress address, PartialBlob partial, CancellationToken cancellation)
    {
        await _slots.WaitAsync(cancellation);
        try
        {
            await client.AttemptAsync(AttemptAsync, cancellation);
        }
        finally
        {
            _slots.Release();
        }

        async Task<bool> AttemptAsync(CancellationToken token)
        {
            report(-partial.Length);
            partial.Clear();
            using var answer = await client.SendAsync(HttpMethod.Get, address, null, folder.Repository, commit, token);
            await using var content = await answer.Content.ReadAsStreamAsync(token);
            var buffer = new byte[1 << 16];
            while (partial.Length < file.Bytes)
            {
                int most = (int)Math.Min(buffer.Length, file.Bytes - partial.Length);
                int read = await client.ReadAsync(content, buffer.AsMemory(0, most), address, token);
                if (read == 0)
                {
                    throw new TransientException(
                        $"{file.Name}: found its end after {partial.Length} bytes, expected {file.Bytes}");
                }

                partial.Append(buffer.AsSpan(0, read));
                report(read);
            }

            return true;
        }
    }
}
