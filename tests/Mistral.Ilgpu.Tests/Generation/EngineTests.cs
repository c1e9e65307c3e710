using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Tests.Cli;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>Many texts at once on a real model: each as if alone, and none leaving anything behind.</summary>
public sealed class EngineTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("cpu")]
    [InlineData("opencl", Traits = [Needs.Trait, Needs.OpenCl])]
    public async Task Texts_Together_AreThoseAlone(string name)
    {
        var checkpoint = TinyModel.Required;
        using var model = MistralModel.Load(checkpoint, TestDevice.Get(name), new ModelOptions(Sequences: 3, Chunk: 16));
        TextRequest[] requests =
        [
            .. new[] { "Once upon a time", "One day", "[INST] What is 3 + 4? [/INST]", "Tom had a red ball. He", "Once upon a time there" }
                .Select((text, i) => new TextRequest([checkpoint.Tokenizer.BosId, .. checkpoint.Tokenizer.EncodeToIds(text)])
                {
                    Options = new GenerationOptions
                    {
                        MaxTokens = 20 + (7 * i),
                        Stop = i == 3 ? ["and"] : [],
                        Sampling = i % 2 == 0
                            ? new SamplingOptions()
                            : new SamplingOptions { Temperature = 0.9, TopP = 0.9, Seed = (ulong)i, PresencePenalty = i - 1 },
                    },
                }),
        ];

        await using var engine = new Engine(model, checkpoint.Tokenizer, maxWaiting: 10);
        List<TextGeneration> alone = [];
        foreach (var request in requests)
        {
            alone.Add(engine.Submit(request, Cancellation));
            await alone[^1].Completion;
        }

        TextGeneration[] together = [.. requests.Select(request => engine.Submit(request, Cancellation))];
        for (int i = 0; i < requests.Length; i++)
        {
            string streamed = "";
            await foreach (var token in together[i].WithCancellation(Cancellation))
            {
                streamed += token.Text;
            }

            Assert.Equal(alone[i].Ids, together[i].Ids);
            Assert.Equal(alone[i].Text, together[i].Text);
            Assert.Equal(alone[i].FinishReason, together[i].FinishReason);
            Assert.Equal(alone[i].Text, streamed);
        }

        Assert.Equal("and", together[3].FinishReason == FinishReason.Stop ? together[3].StopText : "and");
        await engine.StopAsync();
        Assert.Equal(model.Cache.Bytes, model.Cache.Sequences.AvailableBytes);
    }

    [Fact]
    public async Task Submit_WhatCannotFit_IsRefused()
    {
        var checkpoint = TinyModel.Required;
        using var model = MistralModel.Load(
            checkpoint, TestDevice.Get("cpu"), new ModelOptions(Context: 60, CacheBytes: 50 << 10), cancellation: Cancellation);
        await using var engine = new Engine(model, checkpoint.Tokenizer, maxWaiting: 10);
        var error = Assert.Throws<ContextFullException>(() => engine.Submit(new TextRequest(new int[61]), Cancellation));
        Assert.DoesNotContain("--", error.Message, StringComparison.Ordinal);
        Assert.Contains(
            "bytes", Assert.Throws<CacheFullException>(() => engine.Submit(new TextRequest(new int[40]), Cancellation)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => engine.Submit(new TextRequest([5000]), Cancellation));
        Assert.Throws<ArgumentOutOfRangeException>(() => engine.Submit(new TextRequest([]), Cancellation));
        Assert.Contains(
            "expected none",
            Assert.Throws<ArgumentException>(() => engine.Submit(new TextRequest([1]) { Adapters = ["a"], Options = new GenerationOptions { MaxTokens = 1 } }, Cancellation)).Message,
            StringComparison.Ordinal);
    }
}
