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
        (mark.Stream, mark.PassedAt) = (StreamOf(stream), null);
        mark.Stream.Add(new Command(() => mark.PassedAt = Stopwatch.GetTimestamp()));
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuEventQuery(nint handle)
    {
        bool isPassed = false;
        var result = Call(() =>
        {
            var mark = Get<Event>(handle);
            Current.RefuseWhileCapturing("an event was asked for");
            isPassed = mark.Stream is null || mark.PassedAt is not null;
            // A program that polls must see an end.
            mark.Stream?.Advance();
        });
        return result == CudaResult.Success && !isPassed ? CudaResult.NotReady : result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult cuEventSynchronize(nint handle) => Call(() =>
    {
        var mark = Get<Event>(handle);
        Current.RefuseWhileCapturing("an event was waited for");
        while (mark.Stream is { IsIdle: false } stream && mark.PassedAt is null)
        {
            stream.Advance();
        }
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuEventElapsedTime(float* milliseconds, nint start, nint end) => Call(() =>
    {
        if (Get<Event>(start).PassedAt is not { } from || Get<Event>(end).PassedAt is not { } to)
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
        public CommandStream? Stream { get; set; }

        public long? PassedAt { get; set; }
    }
}
