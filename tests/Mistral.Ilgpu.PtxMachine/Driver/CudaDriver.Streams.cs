using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>Streams and events, and what is captured of a stream.</summary>
public static unsafe partial class CudaDriver
{
    private const int NonBlocking = 1;

    [UnmanagedCallersOnly]
    private static CudaResult cuStreamCreate(nint* handle, int flags) => Call(() =>
    {
        if (flags != NonBlocking)
        {
            throw new CudaFault(CudaResult.NotSupported, "streams that wait for the default stream are not modelled");
        }

        var stream = new CommandStream();
        Current.Streams.Add(stream);
        *handle = NewHandle(stream);
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuStreamDestroy_v2(nint handle) => Call(() =>
    {
        var stream = Take<CommandStream>(handle);
        stream.Drain();
        Current.Streams.Remove(stream);
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuStreamSynchronize(nint handle) => Call(() =>
    {
        var stream = StreamOf(handle);
        stream.RefuseWhileCaptured("it was waited for");
        stream.Drain();
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuEventCreate(nint* handle, int flags) => Call(() => *handle = NewHandle(new Event()));

    [UnmanagedCallersOnly]
    private static CudaResult cuEventDestroy_v2(nint handle) => Call(() => Take<Event>(handle));

    [UnmanagedCallersOnly]
    private static CudaResult cuEventRecord(nint handle, nint stream) => Call(() =>
    {
        var mark = Get<Event>(handle);
        var point = mark.Point = new Point(StreamOf(stream));
        point.Stream.Add(new Command(() => point.PassedAt = Stopwatch.GetTimestamp()));
    });

    // Waits for the point that is recorded now, also if the event is recorded anew before the wait.
    [UnmanagedCallersOnly]
    private static CudaResult cuStreamWaitEvent(nint stream, nint handle, uint flags) => Call(() =>
    {
        Require(flags == 0, $"flags {flags} are not modelled");
        if (Get<Event>(handle).Point is { } point)
        {
            var waiting = StreamOf(stream);
            waiting.RefuseWhileCaptured("it waited for an event that is not captured");
            waiting.Add(new Command(point.Pass));
        }
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuEventQuery(nint handle)
    {
        bool isPassed = false;
        var result = Call(() =>
        {
            var mark = Get<Event>(handle);
            Current.RefuseWhileCapturing("an event was asked for");
            isPassed = mark.Point is null or { PassedAt: not null };
            // A program that polls must see an end.
            mark.Point?.Stream.Advance();
        });
        return result == CudaResult.Success && !isPassed ? CudaResult.NotReady : result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult cuEventSynchronize(nint handle) => Call(() =>
    {
        var mark = Get<Event>(handle);
        Current.RefuseWhileCapturing("an event was waited for");
        mark.Point?.Pass();
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuEventElapsedTime(float* milliseconds, nint start, nint end) => Call(() =>
    {
        if (Get<Event>(start).Point?.PassedAt is not { } from || Get<Event>(end).Point?.PassedAt is not { } to)
        {
            throw new CudaFault(CudaResult.NotReady, "an event has not passed yet");
        }

        *milliseconds = (float)Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuStreamBeginCapture_v2(nint handle, int mode) => Call(() =>
    {
        const int ThreadLocal = 1;
        Require(mode == ThreadLocal, $"mode {mode} is not modelled");
        Require(handle != 0, "the default stream cannot be captured");
        var stream = StreamOf(handle);
        stream.BeginCapture();
        Current.Capturing.Add(Environment.CurrentManagedThreadId, stream);
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuStreamEndCapture(nint handle, nint* graph) => Call(() =>
    {
        var stream = StreamOf(handle);
        Require(
            Current.Capturing.Remove(Environment.CurrentManagedThreadId, out var begun) && begun == stream,
            "another thread began the capture");
        Command[] commands = [.. stream.EndCapture()];
        *graph = NewHandle(new Graph(commands, [.. Enumerable.Repeat<ulong?>(0, Math.Max(0, commands.Length - 1))]));
    });

    private static CommandStream StreamOf(nint handle)
    {
        var stream = handle == 0 ? Current.Streams[0] : Get<CommandStream>(handle);
        return Current.Streams.Contains(stream)
            ? stream
            : throw new CudaFault(CudaResult.InvalidHandle, "the stream is another context's");
    }

    private sealed class Event
    {
        /// <summary>What is recorded; null before that.</summary>
        public Point? Point { get; set; }
    }

    /// <summary>A point in a stream's work.</summary>
    private sealed class Point(CommandStream stream)
    {
        public CommandStream Stream => stream;

        public long? PassedAt { get; set; }

        /// <summary>Runs the stream's work up to it.</summary>
        public void Pass()
        {
            while (PassedAt is null && !stream.IsIdle)
            {
                stream.Advance();
            }
        }
    }
}
