using System.Diagnostics;

namespace Mistral.Ilgpu.Fuzzing;

/// <summary>
/// Tells when work stands still. Time counts where the process computes in it: on a loaded machine a thread may wait for seconds.
/// </summary>
internal sealed class TimeLimit(double seconds)
{
    private const double MostWaiting = 60;

    private readonly Stopwatch _clock = new();
    private long _last = -1;
    private TimeSpan _processor;

    /// <param name="done">Counts up whenever a piece of work is done.</param>
    public bool IsExceeded(long done)
    {
        if (done != _last)
        {
            _last = done;
            _clock.Restart();
            _processor = Environment.CpuUsage.TotalTime;
            return false;
        }

        double waited = _clock.Elapsed.TotalSeconds;
        return waited > seconds && (waited > MostWaiting || (Environment.CpuUsage.TotalTime - _processor).TotalSeconds > seconds);
    }
}
