using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Extensions.AI;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tests.Cli;
using Xunit;

namespace Mistral.Ilgpu.Tests.ExtensionsAI;

/// <summary>A model among the services of a host.</summary>
public sealed class HostTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Host_FromConfiguration_AnswersAndIsHealthyUntilItStops()
    {
        _ = TinyModel.Required;
        using var host = Build(("Device", "cpu"), ("MaxTexts", "2"), ("EmbeddingPooling", "lasttoken"));
        await host.StartAsync(Cancellation);
        var model = host.Services.GetRequiredService<LanguageModel>();
        Assert.Equal(("tiny", "cpu", 2), (model.Info.Name, model.Info.Device, model.Info.MaxTexts));

        var client = host.Services.GetRequiredService<IChatClient>();
        Assert.Same(model, client.GetService<LanguageModel>());
        Assert.NotEmpty((await client.GetResponseAsync("What is 7 + 5?", cancellationToken: Cancellation)).Text);

        var generator = host.Services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        var expected = await model.AsEmbeddingGenerator(EmbeddingPooling.LastToken).GenerateVectorAsync("a", null, Cancellation);
        Assert.Equal(expected.ToArray(), (await generator.GenerateVectorAsync("a", null, Cancellation)).ToArray());

        var healthy = await Check(host);
        Assert.Equal((HealthStatus.Healthy, "the engine takes texts"), (healthy.Status, healthy.Description));
        Assert.Equal(["device", "model", "pass_ms", "running", "state", "waiting"], healthy.Data.Keys.Order());
        Assert.Equal(0, healthy.Data["running"]);

        // What runs may end. Nothing new begins.
        var running = client.GetResponseAsync("Tell me a story.", new ChatOptions { MaxOutputTokens = 20 }, Cancellation);
        await host.StopAsync(Cancellation);
        Assert.True((await running).Usage!.OutputTokenCount > 5);
        var stopped = await Check(host);
        Assert.Equal((HealthStatus.Unhealthy, "the engine is stopped"), (stopped.Status, stopped.Description));
        await Assert.ThrowsAsync<EngineStoppedException>(() => client.GetResponseAsync("Hi", cancellationToken: Cancellation));
    }

    [Fact]
    public async Task Host_StopThatMayNotWait_CancelsWhatRuns()
    {
        _ = TinyModel.Required;
        using var host = Build(("Device", "cpu"));
        await host.StartAsync(Cancellation);
        var client = host.Services.GetRequiredService<IChatClient>();
        var endless = client.GetResponseAsync(
            "Hi",
            new ChatOptions
            {
                MaxOutputTokens = 1_000_000, RawRepresentationFactory = _ => new GenerationOptions { IgnoreEos = true },
            },
            Cancellation);

        await host.StopAsync(TimeSpan.FromMilliseconds(50));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless);
    }

    [Theory]
    [InlineData("Device", "gpu", "Mistral:Device: found 'gpu', expected auto, cpu, opencl[:N] or cuda[:N]")]
    [InlineData("Model", "", "Mistral:Model: found '', expected a file, a folder or tiny")]
    [InlineData("WeightType", "int3", "Mistral:WeightType: found 'int3', expected a type such as bf16, q8_0, q4_k or fp8")]
    [InlineData("WeightType", "0", "Mistral:WeightType: found '0', expected a type such as bf16, q8_0, q4_k or fp8")]
    [InlineData("CacheType", "q4_k", "Mistral:CacheType: found 'q4_k', expected f32, bf16, f16 or q8_0")]
    [InlineData("Context", "0", "Mistral:Context: found '0', expected 1 or more")]
    [InlineData("SlidingWindow", "-1", "Mistral:SlidingWindow: found '-1', expected 1 or more")]
    [InlineData("Chunk", "0", "Mistral:Chunk: found '0', expected 1 or more")]
    [InlineData("MaxBatchedTokens", "0", "Mistral:MaxBatchedTokens: found '0', expected 1 or more")]
    [InlineData("MaxTexts", "0", "Mistral:MaxTexts: found '0', expected 1 or more")]
    [InlineData("MaxWaiting", "0", "Mistral:MaxWaiting: found '0', expected 1 or more")]
    [InlineData("Threads", "0", "Mistral:Threads: found '0', expected 1 or more")]
    [InlineData("MemoryLimit", "0", "Mistral:MemoryLimit: found '0', expected 1 or more")]
    [InlineData("LayerCacheBytes", "-1", "Mistral:LayerCacheBytes: found '-1', expected 0 or more")]
    [InlineData("Adapters:0:Path", "", "Mistral:Adapters:0:Path: found '', expected a file or a folder")]
    [InlineData("EmbeddingPooling", "7", "Mistral:EmbeddingPooling: found '7', expected Mean or LastToken")]
    public async Task Host_WrongValue_EndsTheStartWithItsKey(string key, string value, string message)
    {
        using var host = Build((key, value));
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Cancellation));
        Assert.Equal(message, refusal.Message);
    }

    [Theory]
    [InlineData("Context", "long", "Mistral:Context")]
    [InlineData("Devise", "cpu", "'Devise'")]
    public async Task Host_ValueThatDoesNotBind_EndsTheStartWithItsKey(string key, string value, string named)
    {
        using var host = Build((key, value));
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(Cancellation));
        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Fact]
    public async Task Host_ModelThatIsMissing_EndsTheStart()
    {
        using var host = Build(("Model", "no/such/model"), ("Device", "cpu"));
        await Assert.ThrowsAsync<ModelFileException>(() => host.StartAsync(Cancellation));
    }

    [Fact]
    public void Options_OfAllKeys_AreWhatIsLoaded()
    {
        using var host = Build(
            ("Model", "models/mine"), ("Device", "cuda:1"), ("WeightType", "Q4_K"), ("CacheType", "bf16"), ("Context", "100"),
            ("SlidingWindow", "10"), ("Chunk", "11"), ("MaxTexts", "12"), ("MaxWaiting", "13"), ("Threads", "14"),
            ("MemoryLimit", "15000000000"), ("LayerCacheBytes", "17"), ("MaxBatchedTokens", "16"), ("Adapters:0:Path", "a"), ("Adapters:1:Path", "b"),
            ("Adapters:1:Scale", "0.5"));
        var options = host.Services.GetRequiredService<IOptions<MistralOptions>>().Value;

        Assert.Equal("models/mine", options.Model);
        var load = options.ToLoad(warn: null);
        Assert.Equal([new LoraOptions("a"), new LoraOptions("b", 0.5f)], load.Adapters);
        Assert.Equal(
            new LanguageModelOptions
            {
                Device = "cuda:1", WeightType = TensorFormat.Q4_K, CacheType = TensorFormat.BFloat16, Context = 100,
                SlidingWindow = 10, Chunk = 11, MaxTexts = 12, MaxWaiting = 13, Threads = 14, MemoryLimit = 15_000_000_000, LayerCacheBytes = 17,
                MaxBatchedTokens = 16,
            },
            load with { Adapters = new LanguageModelOptions().Adapters });
    }

    [Theory]
    [InlineData("f32", TensorFormat.Float32)]
    [InlineData("f16", TensorFormat.Float16)]
    [InlineData("BF16", TensorFormat.BFloat16)]
    [InlineData("fp8", TensorFormat.Float8)]
    [InlineData("q4_0", TensorFormat.Q4_0)]
    [InlineData("iq4_nl", TensorFormat.IQ4_NL)]
    [InlineData("iq", null)]
    [InlineData("float32", null)]
    [InlineData("", null)]
    public void FormatName_AsOnTheCommandLine_IsFound(string name, TensorFormat? format) =>
        Assert.Equal(format, new MistralOptions { WeightType = name }.ToLoad(warn: null).WeightType);

    [Fact]
    public async Task Services_WithoutHostOrConfiguration_LoadWhenAsked()
    {
        _ = TinyModel.Required;
        var services = new ServiceCollection();
        services.AddMistral(options => options.Device = "cpu").AddMistral();
        services.AddChatClient(provider => provider.GetRequiredService<LanguageModel>().AsChatClient()).UseFunctionInvocation();
        await using var provider = services.BuildServiceProvider();

        Assert.NotNull(provider.GetRequiredService<IChatClient>().GetService<FunctionInvokingChatClient>());
        var model = provider.GetRequiredService<LanguageModel>();
        Assert.Same(model, provider.GetRequiredService<LanguageModel>());
        Assert.Equal("cpu", model.Info.Device);
        await provider.DisposeAsync();
        Assert.Equal(EngineState.Stopped, model.Engine.Status.State);
    }

    private static IHost Build(params (string Key, string Value)[] configuration)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(configuration.Select(
            entry => KeyValuePair.Create<string, string?>($"{MistralOptions.Section}:{entry.Key}", entry.Value)));
        builder.Services.AddMistral();
        builder.Services.AddHealthChecks().AddMistral();
        return builder.Build();
    }

    private static async Task<HealthReportEntry> Check(IHost host) =>
        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation)).Entries["mistral"];
}
