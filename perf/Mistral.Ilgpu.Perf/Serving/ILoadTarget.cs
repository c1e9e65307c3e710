using System.Diagnostics;

namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>What a workload is sent to.</summary>
internal interface ILoadTarget
{
    /// <summary>Has a text continued, and waits for its end.</summary>
    /// <param name="clock">Runs since the start of the run.</param>
    Task<TextTimes> RunAsync(LoadText text, Stopwatch clock);
}
