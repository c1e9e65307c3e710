using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Tests.Cli;
using Xunit;

namespace Mistral.Ilgpu.Tests;

/// <summary>Several models on one device, and what is used after it is disposed of.</summary>
public sealed class SharedDeviceTests
{
    private static readonly string[] Prompts = ["Once upon a time", "One day", "Tom had a red ball. He", "The sun"];

    private static readonly GenerationOptions Endless = new() { MaxTokens = 1_000_000, IgnoreEos = true };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("cpu")]
    [InlineData("opencl", Traits = [Needs.Trait, Needs.OpenCl])]
    public async Task Models_OnOneDeviceAtOnce_WriteTheTextsThatEachWritesAlone(string device)
    {
        using var first = Load(TestDevice.Get(device));
        using var second = Load(TestDevice.Get(device));
        string[] alone = await Write(first);
        string[][] both = await Task.WhenAll(new[] { first, second }.Select(model => Task.Run(() => Write(model))))
            .WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
        Assert.All(both, texts => Assert.Equal(alone, texts));
    }

    [Fact]
    public async Task Model_UsedAfterItIsDisposedOf_IsRefusedByName()
    {
        using var device = ComputeDevice.Open("cpu", new DeviceOptions { Threads = 2 });
        var model = Load(device);
        using var sequence = model.TryOpen(maxTokens: 4)!;
        var batch = new Batch();
        batch.Prefill(sequence, new[] { 1, 2 }, wantsLogits: true);
        model.Forward(batch, Cancellation);
        await using var engine = new Engine(model, TinyModel.Required.Tokenizer, maxWaiting: 4);
        model.Dispose();
        var logits = new float[model.Config.VocabularySize];
        Assert.Throws<ObjectDisposedException>(() => model.Forward(batch, Cancellation));
        Assert.Throws<ObjectDisposedException>(() => model.Choose(0));
        Assert.Throws<ObjectDisposedException>(() => model.ReadLogits(0, logits));
        Assert.Throws<ObjectDisposedException>(() => model.Score(0, 1, logits, _ => { }));
        Assert.Throws<ObjectDisposedException>(() => model.ReadHidden(0, 1, logits));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => engine.Submit(new TextRequest([1, 2]), Cancellation).Completion);
        model.Dispose();
    }

    [Fact]
    public async Task Device_DisposedOfBeforeItsModel_RefusesTextsByName()
    {
        var device = ComputeDevice.Open("cpu", new DeviceOptions { Threads = 2 });
        var model = Load(device);
        var engine = new Engine(model, TinyModel.Required.Tokenizer, maxWaiting: 4);
        var running = engine.Submit(new TextRequest([1, 2]) { Options = Endless }, Cancellation);
        while (running.Ids.Count == 0)
        {
            await Task.Delay(1, Cancellation);
        }

        device.Dispose();
        var fault = await Assert.ThrowsAsync<ObjectDisposedException>(() => running.Completion);
        Assert.Equal("device cpu", fault.ObjectName);
        // Three passes in a row tell that it is gone for good.
        for (int i = 0; i < 3 && engine.Status.State == EngineState.Healthy; i++)
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => engine.Submit(new TextRequest([1]), Cancellation).Completion);
        }

        var refused = Assert.Throws<EngineStoppedException>(() => engine.Submit(new TextRequest([1]), Cancellation));
        Assert.IsType<ObjectDisposedException>(refused.InnerException);
        Assert.Throws<ObjectDisposedException>(() => device.Hold());
        Assert.Throws<ObjectDisposedException>(() => Load(device));
        await engine.DisposeAsync();
        model.Dispose();
        device.Dispose();
    }

    [Fact]
    public async Task LanguageModel_UsedAfterItIsDisposedOf_IsRefusedByName()
    {
        var options = new LanguageModelOptions { Device = "cpu", Threads = 2 };
        var model = await LanguageModel.LoadAsync("tiny", options, cancellation: Cancellation);
        var text = model.GenerateAsync("One day", new GenerationOptions { MaxTokens = 3 }, Cancellation);
        await text.Completion;
        using var chat = model.StartChat();
        await chat.AskAsync("Hello", new GenerationOptions { MaxTokens = 3 }, Cancellation).Completion;
        var running = model.GenerateAsync("One day", Endless, Cancellation);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(async () => await model.DisposeAsync(), Cancellation)));
        Assert.Equal(FinishReason.Cancelled, running.FinishReason);
        Assert.Throws<EngineStoppedException>(() => model.GenerateAsync("One day", cancellation: Cancellation));
        Assert.Throws<EngineStoppedException>(() => model.ChatAsync([new("user", "Hi")], cancellation: Cancellation));
        Assert.Throws<EngineStoppedException>(() => chat.AskAsync("Hello", cancellation: Cancellation));
        await Assert.ThrowsAsync<EngineStoppedException>(() => model.ScoreAsync("One day", cancellation: Cancellation));
        await Assert.ThrowsAsync<EngineStoppedException>(() => model.EmbedAsync("One day", cancellation: Cancellation));
        Assert.Equal(EngineState.Stopped, model.Engine.Status.State);
        text.Cancel();
        running.Cancel();
        Assert.NotEmpty(text.Text);
        Assert.NotEmpty(model.Tokenizer.EncodeToIds("One day"));
    }

    [Fact]
    public async Task Load_WithOptionsThatAreRefused_LeavesNothingOpen()
    {
        var options = new LanguageModelOptions { Device = "cpu", Threads = 2, MaxWaiting = 0 };
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => LanguageModel.LoadAsync("tiny", options, cancellation: Cancellation));
        using var opened = OpenedModel.Open("tiny", "cpu", options.DeviceOptions, options.Model);
        Assert.Throws<ArgumentOutOfRangeException>(() => opened.Load(options.Model, maxWaiting: 0, null, null, Cancellation));
        Assert.Equal(0, opened.Devices[0].AllocatedBytes);
        opened.Dispose();
        Assert.True(opened.Devices[0].IsDisposed);
    }

    private static MistralModel Load(ComputeDevice device) =>
        MistralModel.Load(TinyModel.Required, device, new ModelOptions(Sequences: 3, Chunk: 16), cancellation: Cancellation);

    private static async Task<string[]> Write(MistralModel model)
    {
        var tokenizer = TinyModel.Required.Tokenizer;
        await using var engine = new Engine(model, tokenizer, maxWaiting: 10);
        var texts = Prompts.Select((prompt, i) => engine.Submit(
            new TextRequest([tokenizer.BosId, .. tokenizer.EncodeToIds(prompt)])
            {
                Options = new GenerationOptions
                {
                    MaxTokens = 30, IgnoreEos = true,
                    Sampling = new SamplingOptions { Temperature = i % 2, Seed = 3, PresencePenalty = i / 2 },
                },
            },
            Cancellation)).ToList();
        await Task.WhenAll(texts.Select(text => text.Completion));
        return [.. texts.Select(text => text.Text)];
    }
}
