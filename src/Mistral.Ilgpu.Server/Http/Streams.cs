using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Mistral.Ilgpu.Server.Http;

/// <summary>Several streams as one.</summary>
internal static class Streams
{
    /// <summary>The items of all streams as they come, each with its stream's index. The first failure ends all.</summary>
    public static async IAsyncEnumerable<(int Index, T Item)> Merge<T>(
        IReadOnlyList<IAsyncEnumerable<T>> streams, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        if (streams is [var only])
        {
            await foreach (var item in only.WithCancellation(cancellation).ConfigureAwait(false))
            {
                yield return (0, item);
            }

            yield break;
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var items = Channel.CreateUnbounded<(int, T)>();
        var all = Task.WhenAll(streams.Select((stream, index) => ReadAsync(stream, index, items.Writer, end)));
        _ = all.ContinueWith(
            task => items.Writer.TryComplete(task.Exception?.InnerException), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            await foreach (var item in items.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                yield return item;
            }
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ReadAsync<T>(
        IAsyncEnumerable<T> stream, int index, ChannelWriter<(int, T)> items, CancellationTokenSource end)
    {
        try
        {
            await foreach (var item in stream.WithCancellation(end.Token).ConfigureAwait(false))
            {
                items.TryWrite((index, item));
            }
        }
        catch
        {
            await end.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }
}
