using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Mistral.Ilgpu.Checkpoints.Hub;

namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>Fetches a range of a file into memory. An attempt goes on where the one before was cut.</summary>
internal sealed class RangeFetch : IDisposable
{
    private readonly byte[] _buffer;
    private int _received;

    /// <summary>Starts the fetch.</summary>
    public RangeFetch(
        HubClient client, HubRepository repository, string commit, HubAddress address, HubFile file, long start, int length,
        Action<long> report, CancellationToken cancellation)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(length);
        Done = client.AttemptAsync(AttemptAsync, cancellation);

        async Task<bool> AttemptAsync(CancellationToken token)
        {
            bool isAll = start == 0 && length == file.Bytes;
            var range = isAll && _received == 0 ? null : new RangeHeaderValue(start + _received, start + length - 1);
            using var answer = await client.SendAsync(HttpMethod.Get, address, range, repository, commit, token);
            if (answer.StatusCode == HttpStatusCode.PartialContent)
            {
                if (answer.Content.Headers.ContentRange?.From != start + _received)
                {
                    throw new HubException(
                        $"{file.Name}: found the range {answer.Content.Headers.ContentRange}, expected {range}");
                }
            }
            else if (isAll)
            {
                report(-_received);
                _received = 0;
            }
            else
            {
                throw new RangeIgnoredException();
            }

            await using var content = await answer.Content.ReadAsStreamAsync(token);
            while (_received < length)
            {
                int read = await client.ReadAsync(content, _buffer.AsMemory(_received, length - _received), address, token);
                if (read == 0)
                {
                    throw new TransientException(
                        $"{file.Name}: found the end of a range after {_received} bytes, expected {length}");
                }

                _received += read;
                report(read);
            }

            return true;
        }
    }

    /// <summary>Ends when all bytes are there.</summary>
    public Task Done { get; }

    /// <summary>The bytes that have come, from the start of the range. To be read when <see cref="Done"/> has ended.</summary>
    public ReadOnlySpan<byte> Received => _buffer.AsSpan(0, _received);

    /// <summary>Gives the memory back. <see cref="Done"/> must have ended.</summary>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
