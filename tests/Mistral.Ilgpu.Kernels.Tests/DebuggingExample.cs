#define DEBUG // Keeps Debug.Assert in release builds too.
using System.Diagnostics;
using System.Runtime.Intrinsics;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// How to step through a kernel. On the CPU accelerator ILGPU runs the very methods of the kernel that the C# compiler made. So
/// breakpoints in <c>kernels/</c> are hit like any others. Set one in <see cref="QuadTiles{TCache,TElement}"/>, build with <c>-c
/// Debug</c>, and debug this test (or start <c>dotnet test -c Debug</c> and attach). This test has a breakpoint in code. A cache
/// format of its own, which the attention kernel decodes its keys and values with, stops at one element. With a debugger attached
/// that is a stop inside the kernel, to step from; without one the test notes where it stood.
/// </summary>
public sealed class DebuggingExample
{
    private const int Tokens = 8;
    private const int HeadDim = 16;
    private const float Marked = 42;

    [Fact]
    public void BreakpointInsideAttention_OnTheCpuAccelerator_IsHit()
    {
        var stops = new Stops();
        var listeners = Trace.Listeners.Cast<TraceListener>().ToArray();
        Trace.Listeners.Clear();
        Trace.Listeners.Add(stops);
        try
        {
            Attend();
        }
        finally
        {
            Trace.Listeners.Clear();
            Trace.Listeners.AddRange(listeners);
        }

        // The value is decoded for the queries at and after its own position.
        Assert.NotEmpty(stops.Frames);
        foreach (var frames in stops.Frames)
        {
            Assert.Contains(frames, frame => frame.GetMethod()?.DeclaringType?.Name == typeof(BreakingCache).Name);
            var inKernel = frames.Where(frame => frame.GetMethod()?.DeclaringType?.Assembly == typeof(KernelEntry).Assembly).ToList();
            // With its symbols: this is how a debugger finds the line. In a release build what calls this may be inlined into
            // ILGPU's launcher.
            Assert.Contains(inKernel, frame => Path.GetFileName(frame.GetFileName()) == "QuadTiles.cs" && frame.GetFileLineNumber() > 0);
        }
    }

    // Causal attention of one head over eight tokens, one element of whose values is marked.
    private static void Attend()
    {
        var device = TestDevice.Get("cpu");
        var config = TinyConfig();
        using var cache = new RotatingKvCache(device, config, new ModelOptions(CacheType: TensorFormat.Float32), Tokens);
        using var sequence = cache.Sequences.TryOpen(Tokens, [], 0)!;
        var batch = new Batch();
        batch.Prefill(sequence, new int[Tokens], wantsLogits: false);
        cache.Sequences.Prepare(sequence, Tokens);
        int[] ints = new int[1000];
        var (_, length) = batch.Pack(ints, Tokens);

        const int Columns = 3 * HeadDim;
        float[] qkv = new RandomData().Floats(Tokens * Columns, 1);
        qkv[(5 * Columns) + (2 * HeadDim) + 3] = Marked;
        var layer = cache.Layers[0];
        var input = new AttentionInput<float>(
            new StepState(device.Upload(ints[..length])), device.Upload(qkv), device.Zeros<float>(Tokens * HeadDim), layer.Ring.As<float>(), layer.Fresh.As<float>(), layer.Table,
            Heads: 1, KvHeads: 1, new Divisor(HeadDim), layer.Window, Columns, HeadDim, Scale: 0.25f);
        var frequencies = device.Upload(Rotary.Frequencies(HeadDim, config.RopeTheta));
        device.Launch(new KernelConfig(1, 2), new Rope<BreakingCache, float>(input, frequencies, RowRange.Tokens));
        device.Launch(new KernelConfig(1, 2), new AttendRow<QuadTiles<BreakingCache, float>, float>(input));
        device.Synchronize();
    }

    private static ModelConfig TinyConfig()
    {
        using var tiny = Checkpoint.Open(Checkpoint.Tiny);
        return tiny.Config with { LayerCount = 1, HeadCount = 1, KvHeadCount = 1, HeadDim = HeadDim, SlidingWindow = Tokens, LayerWindows = [] };
    }

    /// <summary>Float32, with a breakpoint on one value.</summary>
    public readonly struct BreakingCache : ICacheFormat<float>
    {
        public static bool IsScaled => false;

        public static float Decode(float bits)
        {
            // ILGPU leaves it out where kernels are compiled for a GPU.
            Debug.Assert(bits != Marked);
            return bits;
        }

        public static Vector512<float> DecodeVector(ref readonly float bits) => Float32.DecodeVector(in bits);

        public static float Encode(float value) => value;
    }

    private sealed class Stops : TraceListener
    {
        public List<StackFrame[]> Frames { get; } = [];

        public override void Fail(string? message, string? detailMessage)
        {
            if (Debugger.IsAttached)
            {
                Debugger.Break();
            }

            lock (Frames)
            {
                Frames.Add(new StackTrace(fNeedFileInfo: true).GetFrames());
            }
        }

        public override void Write(string? message)
        {
        }

        public override void WriteLine(string? message)
        {
        }
    }
}
