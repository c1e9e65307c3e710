using System.Globalization;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>Tells how far a load is: bytes, speed, and the time that is left.</summary>
/// <param name="totalBytes">The bytes at its end.</param>
internal sealed class LoadSpeed(long totalBytes, TimeProvider? clock = null)
{
    // A speed over less time says little.
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(200);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private long? _begun;
    private long _first;

    /// <summary>The state after so many bytes, for people.</summary>
    public string Text(long bytes)
    {
        if (_begun is not { } begun)
        {
            // Those before the first report took an unknown time.
            _begun = begun = _clock.GetTimestamp();
            _first = bytes;
        }

        var elapsed = _clock.GetElapsedTime(begun);
        string done = $"{ByteSize.Text(bytes)} of {ByteSize.Text(totalBytes)}";
        if (elapsed < Least || bytes <= _first)
        {
            return done;
        }

        double speed = (bytes - _first) / elapsed.TotalSeconds;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{done}, {speed / 1e9:0.0} GB/s, {Math.Ceiling((totalBytes - bytes) / speed):0} s left");
    }
}
