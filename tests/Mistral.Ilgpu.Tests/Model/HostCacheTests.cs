using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Keys and values that go to host memory and come back.</summary>
public sealed class HostCacheTests
{
    private const long WindowBytes = 96 << 10;

    [Theory]
    [InlineData("cpu", TensorFormat.Float16)]
    [InlineData("cpu", TensorFormat.Float32)]
    [InlineData("cpu", TensorFormat.BFloat16)]
    [InlineData("cpu", TensorFormat.Q8_0)]
    [InlineData("opencl", TensorFormat.Float16, Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData("opencl", TensorFormat.Q8_0, Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData("opencl,cpu", TensorFormat.Q8_0, Traits = [Needs.Trait, Needs.OpenCl])]
    public void Beginning_WhosePagesWereTaken_ComesBackWithTheSameBits(string device, TensorFormat format)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var model = Load(checkpoint, device, format, hostBytes: 10 * WindowBytes);
        int[] ids = LogitsTests.TinyPrompt(checkpoint, 50);
        float[] expected = Read(model, ids);
        Fill(model);

        // All but the last token's page comes from host memory.
        Assert.Equal(48, Cached(model, ids));
        Fill(model);
        Assert.Equal(expected, Read(model, ids));
        Assert.InRange(model.Cache.Sequences.HostBytes, 1, 10 * WindowBytes);
    }

    [Theory]
    [InlineData("cpu", TensorFormat.Float16)]
    [InlineData("cpu", TensorFormat.Float32)]
    [InlineData("cpu", TensorFormat.BFloat16)]
    [InlineData("cpu", TensorFormat.Q8_0)]
    [InlineData("opencl", TensorFormat.Float16, Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData("opencl", TensorFormat.Q8_0, Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData("opencl,cpu", TensorFormat.Q8_0, Traits = [Needs.Trait, Needs.OpenCl])]
    public void ParkedText_PastItsWindow_GoesOnWithTheSameBits(string device, TensorFormat format)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var model = Load(checkpoint, device, format, hostBytes: 10 * WindowBytes);
        float[] expected = LastOf(Past(model), parks: false);
        Assert.Equal(expected, LastOf(Past(model), parks: true));

        float[] LastOf(Sequence sequence, bool parks)
        {
            if (parks)
            {
                var parked = model.Cache.Sequences.Park(sequence)!;
                Fill(model);
                sequence = model.Cache.Sequences.TryReturn(parked, 200)!;
                Assert.Equal(90, sequence.Position);
                Assert.True(parked.IsDropped);
            }

            using (sequence)
            {
                Decode(model, sequence, 9, 10);
                return Logits(model);
            }
        }
    }

    [Fact]
    public void HostMemory_ThatIsFull_DropsWhatWasUsedLongestAgo()
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var model = Load(checkpoint, "cpu", TensorFormat.Float16, hostBytes: WindowBytes);
        int[] first = LogitsTests.TinyPrompt(checkpoint, 50);
        Read(model, first);
        Fill(model);
        Assert.Equal(48, Cached(model, first));
        Fill(model);
        // As much as there is room for.
        var parked = model.Cache.Sequences.Park(Past(model))!;
        Assert.Equal(WindowBytes, model.Cache.Sequences.HostBytes);
        Assert.Equal(0, Cached(model, first));
        Assert.False(parked.IsDropped);
        Read(model, first);
        // The first page that others take has a copy, for which all of the parked text goes.
        Fill(model);
        Assert.True(parked.IsDropped);
        Assert.Null(model.Cache.Sequences.TryReturn(parked, 200));
    }

    [Fact]
    public void Park_WithoutHostMemory_ClosesTheText()
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var model = Load(checkpoint, "cpu", TensorFormat.Float16, hostBytes: 0);
        var text = Past(model);
        Assert.Null(model.Cache.Sequences.Park(text));
        Assert.False(text.IsOpen);
        Assert.Equal(model.Cache.Bytes, model.Cache.Sequences.AvailableBytes);
    }

    // One text fits.
    private static MistralModel Load(Checkpoint checkpoint, string devices, TensorFormat format, long hostBytes) => MistralModel.Load(
        checkpoint, new DeviceList([.. devices.Split(',').Select(device => TestDevice.Get(device))]),
        new ModelOptions(CacheType: format, Sequences: 2, CacheBytes: Bytes(checkpoint, format), HostCacheBytes: hostBytes));

    private static long Bytes(Checkpoint checkpoint, TensorFormat format) =>
        RotatingKvCache.BytesFor(checkpoint.Config, new ModelOptions(CacheType: format));

    // Other texts take every page.
    private static void Fill(MistralModel model)
    {
        using var other = model.TryOpen(200)!;
        var batch = new Batch();
        batch.Prefill(other, Enumerable.Range(100, 64).ToArray(), wantsLogits: false);
        model.Forward(batch);
    }

    private static int Cached(MistralModel model, int[] ids)
    {
        using var text = model.TryOpen(200, ids)!;
        return text.Position;
    }

    private static float[] Read(MistralModel model, int[] ids)
    {
        using var text = model.TryOpen(200, ids)!;
        var batch = new Batch();
        batch.Prefill(text, ids.AsMemory(text.Position), wantsLogits: true);
        model.Forward(batch);
        return Logits(model);
    }

    private static Sequence Past(MistralModel model)
    {
        var text = model.TryOpen(200)!;
        var batch = new Batch();
        batch.Prefill(text, Enumerable.Range(300, 60).ToArray(), wantsLogits: false);
        model.Forward(batch);
        Decode(model, text, [.. Enumerable.Range(500, 30)]);
        return text;
    }

    private static void Decode(MistralModel model, Sequence text, params int[] ids)
    {
        var batch = new Batch();
        foreach (int id in ids)
        {
            batch.Clear();
            batch.Decode(text, id);
            model.Forward(batch);
        }
    }

    private static float[] Logits(MistralModel model)
    {
        var logits = new float[model.Config.VocabularySize];
        model.ReadLogits(0, logits);
        return logits;
    }
}
