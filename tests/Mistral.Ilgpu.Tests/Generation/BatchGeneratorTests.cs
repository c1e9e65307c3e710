using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>Many texts at once: each as if alone, and none leaving anything behind.</summary>
public sealed class BatchGeneratorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("cpu")]
    [InlineData("opencl", Traits = [Needs.Trait, Needs.OpenCl])]
    public async Task Texts_Together_AreThoseAlone(string name)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var model = MistralModel.Load(checkpoint, TestDevice.Get(name), new ModelOptions(Sequences: 3, Chunk: 16));
        (int[] Prompt, GenerationOptions Options)[] texts =
        [
            .. new[] { "Once upon a time", "One day", "[INST] What is 3 + 4? [/INST]", "Tom had a red ball. He", "Once upon a time there" }
                .Select((text, i) => (
                    (int[])[checkpoint.Tokenizer.BosId, .. checkpoint.Tokenizer.EncodeToIds(text)],
                    new GenerationOptions
                    {
                        MaxTokens = 20 + (7 * i),
                        Stop = i == 3 ? ["and"] : [],
                        Sampling = i % 2 == 0 ? SamplingOptions.Greedy : new SamplingOptions { Temperature = 0.9, TopP = 0.9, Seed = (ulong)i },
                    })),
        ];

        using var one = new ModelText(model);
        var alone = new List<(string Text, int[] Ids, FinishReason Reason)>();
        foreach (var (prompt, options) in texts)
        {
            one.Reset();
            var generation = new Generator(one, checkpoint.Tokenizer).Start(prompt, options);
            _ = generation.Run(Cancellation).ToList();
            alone.Add((generation.Text, [.. generation.Ids], generation.FinishReason));
        }

        one.Reset();
        using var generator = new BatchGenerator(model, checkpoint.Tokenizer);
        BatchedGeneration[] together = [.. texts.Select(text => generator.Submit(text.Prompt, text.Options))];
        while (generator.Step(Cancellation))
        {
            Assert.InRange(generator.RunningCount, 0, 3);
        }

        for (int i = 0; i < texts.Length; i++)
        {
            await together[i].Completion;
            Assert.Equal(alone[i].Ids, together[i].Ids);
            Assert.Equal(alone[i].Text, together[i].Text);
            Assert.Equal(alone[i].Reason, together[i].FinishReason);
            string streamed = "";
            await foreach (var token in together[i].ReadAsync(Cancellation))
            {
                streamed += token.Text;
            }

            Assert.Equal(alone[i].Text, streamed);
        }

        Assert.Equal(model.Cache.Bytes, model.Cache.Sequences.AvailableBytes);
    }

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public async Task Soak_TenThousandRandomOperations_LosesNoPage()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        // Room for about three windows, so that texts wait.
        using var model = MistralModel.Load(
            checkpoint, TestDevice.Get("opencl"), new ModelOptions(Sequences: 6, Chunk: 32, CacheBytes: 300 << 10));
        using var generator = new BatchGenerator(model, checkpoint.Tokenizer);
        int[] words = [.. checkpoint.Tokenizer.EncodeToIds("Once upon a time there was a girl named Lily. She had a red ball.")];
        var open = new List<BatchedGeneration>();
        int submitted = 0;
        int completed = 0;
        for (int operation = 0; operation < 10_000; operation++)
        {
            switch (random.Next(8))
            {
                case 0 when open.Count < 20:
                    int[] prompt = [checkpoint.Tokenizer.BosId, .. Enumerable.Range(0, random.Next(0, 90)).Select(i => words[(i + random.Next(2)) % words.Length])];
                    open.Add(generator.Submit(prompt, new GenerationOptions { MaxTokens = random.Next(1, 60), IgnoreEos = random.Next(2) == 0 }));
                    submitted++;
                    break;
                case 1 when open.Count > 0:
                    open[random.Next(open.Count)].Cancel();
                    break;
                case 2 when open.Count > 0:
                    var reader = open[random.Next(open.Count)].ReadAsync(Cancellation).GetAsyncEnumerator(Cancellation);
                    var next = reader.MoveNextAsync();
                    if (next.IsCompleted)
                    {
                        await next;
                        await reader.DisposeAsync();
                    }

                    break;
                default:
                    generator.Step(Cancellation);
                    break;
            }

            completed += open.RemoveAll(generation => generation.Completion.IsCompleted);
            Assert.InRange(model.Cache.Sequences.HeldBytes, 0, model.Cache.Bytes);
        }

        while (generator.Step(Cancellation))
        {
        }

        completed += open.RemoveAll(generation => generation.Completion.IsCompletedSuccessfully);
        Assert.Equal(submitted, completed);
        Assert.Equal((model.Cache.Bytes, 6, 0L), (model.Cache.Sequences.AvailableBytes, model.Cache.Sequences.Free, model.Cache.Sequences.HeldBytes));
    }

    [Fact]
    public async Task Run_OnItsOwnThread_StreamsUntilCancelled()
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var device = ComputeDevice.Open("cpu", new Mistral.Ilgpu.Execution.Devices.DeviceOptions { Threads = 2 });
        using var model = MistralModel.Load(checkpoint, device, new ModelOptions(Sequences: 2), cancellation: Cancellation);
        using var generator = new BatchGenerator(model, checkpoint.Tokenizer);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var loop = Task.Factory.StartNew(() => generator.Run(stop.Token), stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        int[] prompt = [checkpoint.Tokenizer.BosId, .. checkpoint.Tokenizer.EncodeToIds("One day")];
        var generation = generator.Submit(prompt, new GenerationOptions { MaxTokens = 1_000_000, IgnoreEos = true });
        int tokens = 0;
        await foreach (var token in generation.ReadAsync(Cancellation))
        {
            if (++tokens == 10)
            {
                generation.Cancel();
            }
        }

        await generation.Completion;
        Assert.Equal(FinishReason.Cancelled, generation.FinishReason);
        var second = generator.Submit(prompt, new GenerationOptions { MaxTokens = 5, IgnoreEos = true });
        await second.Completion;
        Assert.Equal(generation.Ids.Take(5), second.Ids);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
    }

    [Fact]
    public void Submit_WhatCannotFit_IsRefused()
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var model = MistralModel.Load(
            checkpoint, TestDevice.Get("cpu"), new ModelOptions(Context: 60, CacheBytes: 50 << 10), cancellation: Cancellation);
        using var generator = new BatchGenerator(model, checkpoint.Tokenizer);
        Assert.Throws<ContextFullException>(() => generator.Submit(new int[61], new GenerationOptions()));
        Assert.Contains("bytes", Assert.Throws<CacheFullException>(() => generator.Submit(new int[40], new GenerationOptions())).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Submit([5000], new GenerationOptions()));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Submit([], new GenerationOptions()));
    }
}
