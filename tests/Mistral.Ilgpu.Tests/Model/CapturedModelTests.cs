using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.PtxMachine.Driver;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>
/// Decoding by passes that the driver recorded and plays. If an argument or a shape depended on what changes from token to token,
/// the logits would differ.
/// </summary>
public sealed class CapturedModelTests
{
    private const int Steps = 14;

    [Theory]
    [InlineData(null, null)]
    [InlineData("cuGraphInstantiateWithFlags", "tokens are launched step by step", Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    [InlineData("cuGraphAddDependencies_v2", "each kernel begins when the one before has ended", Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    public void Decode_OfRecordedPasses_GivesThoseThatAreLaunchedBitForBit(string? refused, string? told)
    {
        using var folder = new TemporaryFolder();
        var random = new RandomCheckpoint(5);
        // The ring turns while it is decoded, and the longer text grows past what one split holds.
        random.Config["sliding_window"] = 245;
        random.Config["num_hidden_layers"] = 1;
        random.Write(folder.Path);
        using var checkpoint = Checkpoint.Open(folder.Path);
        bool isCounted = CudaDriver.Absence is null;
        Assert.SkipWhen(refused is not null && !isCounted, $"{CudaDriver.Absence}, which refuses nothing");
        var device = TestDevice.Get("cuda");

        var expected = Generate(checkpoint, device, out _, launched: true);
        var counts = CudaDriver.Counts = new CallCounts();
        CudaDriver.Refused = refused;
        List<string> slower;
        List<float> actual;
        try
        {
            actual = Generate(checkpoint, device, out slower);
        }
        finally
        {
            CudaDriver.Refused = null;
        }

        Assert.Equal(expected, actual);
        Assert.Equal(
            told is null ? [] : [told],
            slower.Select(reason => told is null ? reason : reason[..Math.Min(reason.Length, told.Length)]));
        if (refused is not null)
        {
            // What was refused once is no drawback of what is recorded later.
            Assert.Equal(expected, Generate(checkpoint, device, out slower));
            Assert.Empty(slower);
        }
        else if (isCounted)
        {
            // One text, two, two in more splits: each is launched once, and then played.
            Assert.Equal(3, counts.Calls["cuGraphInstantiateWithFlags"]);
            Assert.Equal(Steps - 3, counts.Calls["cuGraphLaunch"]);
            Assert.True(counts.EarlyKernels > 0);
            // So that no multiprocessor waits until it is empty.
            Assert.Equal([100], counts.SharedParts);
        }
    }

    [Fact]
    public void Decode_OfOneToken_CopiesTwiceFromLockedPagesAndWaitsOnce()
    {
        Assert.SkipUnless(CudaDriver.Absence is null, $"{CudaDriver.Absence}, which counts nothing");
        const int Tokens = 5;
        using var folder = new TemporaryFolder();
        var random = new RandomCheckpoint(5);
        random.Config["sliding_window"] = 512;
        random.Write(folder.Path);
        using var checkpoint = Checkpoint.Open(folder.Path);
        using var model = MistralModel.LoadUntested(
            checkpoint, TestDevice.Get("cuda"), new ModelOptions(Sequences: 2, Chunk: 16), progress: null, CancellationToken.None);
        using var text = model.TryOpen()!;
        using var other = model.TryOpen()!;
        var batch = new Batch();
        int next = Prompt(text, waits: false);
        // The second part of a prompt must not take the place of the first before that is copied.
        float[] found = Logits();
        Prompt(other, waits: true);
        Assert.Equal(Logits(), found);
        for (int token = -2; token < Tokens; token++)
        {
            if (token == 0)
            {
                CudaDriver.Counts = new CallCounts();
            }

            batch.Clear();
            batch.Decode(text, next);
            model.Forward(batch);
            next = model.ArgMax()[0];
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", CudaDriver.Counts.Calls));
        Assert.Equal(0, CudaDriver.Counts.PageableCopies);
        Assert.Equal(2 * Tokens, CudaDriver.Counts.Calls["cuMemcpyAsync"]);
        Assert.Equal(Tokens, CudaDriver.Counts.Calls["cuStreamSynchronize"]);

        int Prompt(Sequence sequence, bool waits)
        {
            batch.Clear();
            // No page ends in all that follows: to give the device another one copies, and waits.
            batch.Prefill(sequence, new int[2], wantsLogits: false);
            model.Forward(batch);
            if (waits)
            {
                model.Devices.Synchronize();
            }

            batch.Clear();
            batch.Prefill(sequence, new int[] { 5, 6, 7 }, wantsLogits: true);
            model.Forward(batch);
            return model.ArgMax()[0];
        }

        float[] Logits()
        {
            var logits = new float[checkpoint.Config.VocabularySize];
            model.ReadLogits(0, logits);
            return logits;
        }
    }

    private static List<float> Generate(
        Checkpoint checkpoint, ComputeDevice device, out List<string> slower, bool launched = false)
    {
        List<string> told = [];
        using var model = MistralModel.LoadUntested(
            checkpoint, device, new ModelOptions(Sequences: 2, Chunk: 128), progress: null, CancellationToken.None);
        device.OnDrawback = told.Add;
        using var walk = launched ? model.WalkBy((step, pass) => step.Launch(pass)) : null;
        using var longer = model.TryOpen()!;
        using var shorter = model.TryOpen()!;
        var logits = new float[checkpoint.Config.VocabularySize];
        List<float> all = [];
        var batch = new Batch();
        int[] next = [Prompt(longer, 234), Prompt(shorter, 20)];
        for (int step = 0; step < Steps; step++)
        {
            batch.Clear();
            batch.Decode(longer, next[0]);
            if (step >= 4)
            {
                batch.Decode(shorter, next[1]);
            }

            model.Forward(batch);
            var chosen = model.ArgMax();
            for (int row = 0; row < chosen.Length; row++)
            {
                next[row] = chosen[row];
                model.ReadLogits(row, logits);
                all.AddRange(logits);
            }
        }

        slower = told;
        return all;

        int Prompt(Sequence sequence, int length)
        {
            int[] ids = [.. Enumerable.Range(0, length).Select(i => (i * 7) % checkpoint.Config.VocabularySize)];
            for (int start = 0; start < length;)
            {
                int count = model.ChunkLength(start, length - start);
                batch.Clear();
                batch.Prefill(sequence, ids.AsMemory(start, count), start + count == length);
                model.Forward(batch);
                start += count;
            }

            return model.ArgMax()[0];
        }
    }
}
