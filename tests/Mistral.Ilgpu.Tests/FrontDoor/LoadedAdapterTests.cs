using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.FrontDoor;

/// <summary>Adapters that are loaded and unloaded while texts run.</summary>
public sealed class LoadedAdapterTests : IAsyncLifetime
{
    private const string Story = "Once upon a time there was a girl named Lily. She had a red ball. One day she";

    private readonly TemporaryFolder _folder = new();
    private LanguageModel _model = null!;
    private LoraOptions _a = null!;
    private LoraOptions _b = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _model = await LoadAsync();
        var config = _model.Checkpoint.Config;
        _a = new(RandomAdapter.Write(_folder.File("a"), config, 1, TensorNames.AttentionOutput(0)), Scale: 10);
        _b = new(RandomAdapter.Write(_folder.File("b"), config, 2, TensorNames.AttentionOutput(0), TensorNames.Up(1)));
    }

    public async ValueTask DisposeAsync()
    {
        await _model.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Load_ThenText_IsThatOfAModelLoadedWithIt()
    {
        await using var with = await LoadAsync(new LanguageModelOptions { Adapters = [_a] });
        var expected = await TokensAsync(Submit(with, [_a.Path]));
        await _model.LoadAdapterAsync(_a, "mine", Cancellation);

        Assert.Equal(["mine"], _model.Info.Adapters);
        Assert.Equal(expected, await TokensAsync(Submit(_model, ["mine"])));
        // Texts that name none have those of the options.
        Assert.Equal(await TokensAsync(Submit(_model, [])), await TokensAsync(Submit(_model, null)));
        Assert.NotEqual(expected, await TokensAsync(Submit(_model, null)));
        Assert.Equal(expected, await TokensAsync(Submit(with, null)));
    }

    [Fact]
    public async Task Texts_WhileAdaptersComeAndGo_AreThoseAlone()
    {
        const int MaxTokens = 150;
        var alone = await TokensAsync(Submit(_model, [], MaxTokens));
        await _model.LoadAdapterAsync(_b, "stays", Cancellation);
        var adapted = await TokensAsync(Submit(_model, ["stays"], MaxTokens));

        var texts = new[] { Submit(_model, [], MaxTokens), Submit(_model, ["stays"], MaxTokens) };
        int rounds = 0;
        for (; !texts[1].Completion.IsCompleted || rounds == 0; rounds++)
        {
            await _model.LoadAdapterAsync(_a, cancellation: Cancellation);
            _ = await TokensAsync(Submit(_model, [_a.Path], maxTokens: 2));
            await _model.UnloadAdapterAsync(_a.Path, Cancellation);
        }

        Assert.Equal(alone, await TokensAsync(texts[0]));
        Assert.Equal(adapted, await TokensAsync(texts[1]));
    }

    [Fact]
    public async Task Unload_WhileATextHasIt_WaitsForTheText()
    {
        long bytes = _model.Info.DeviceBytes;
        await _model.LoadAdapterAsync(_a, "mine", Cancellation);
        Assert.True(_model.Info.DeviceBytes > bytes);
        var expected = await TokensAsync(Submit(_model, ["mine"], maxTokens: 60));

        var running = Submit(_model, ["mine"], maxTokens: 60);
        var unloading = _model.UnloadAdapterAsync("mine", Cancellation);
        Assert.Empty(_model.Info.Adapters);
        Assert.Contains(
            "adapter 'mine', expected none", Assert.Throws<ArgumentException>(() => Submit(_model, ["mine"])).Message);
        // The name is free at once, and the memory is not.
        await _model.LoadAdapterAsync(_b, "mine", Cancellation);
        Assert.Equal(expected, await TokensAsync(running));
        await unloading;
        await _model.UnloadAdapterAsync("mine", Cancellation);
        Assert.Equal(bytes, _model.Info.DeviceBytes);
    }

    [Fact]
    public async Task Load_AnotherOfTheSameName_ReusesNothingOfTheFirst()
    {
        await using var with = await LoadAsync(new LanguageModelOptions { Adapters = [_b] });
        using var expected = with.StartChat();
        string answer = await AskAsync(expected, "Who are you?");
        using var chat = _model.StartChat();
        chat.Adapters = ["mine"];

        await _model.LoadAdapterAsync(_a, "mine", Cancellation);
        Assert.NotEqual(answer, await AskAsync(chat, "Who are you?"));
        _ = await TokensAsync(Submit(_model, ["mine"]));
        await _model.UnloadAdapterAsync("mine", Cancellation);
        await _model.LoadAdapterAsync(_b, "mine", Cancellation);

        var text = Submit(_model, ["mine"]);
        Assert.Equal(await TokensAsync(Submit(with, [_b.Path])), await TokensAsync(text));
        Assert.Equal(0, text.CachedTokens);
        // A turn goes on in the place of the last one, unless that was computed with another adapter.
        var turn = chat.AskAsync("And now?", new GenerationOptions { MaxTokens = 4 }, Cancellation);
        await turn.Generation.Completion;
        Assert.Equal(0, turn.Generation.CachedTokens);
    }

    [Fact]
    public async Task Load_ThatFails_LeavesAllAsItWas()
    {
        long bytes = _model.Info.DeviceBytes;
        var running = Submit(_model, [], maxTokens: 100);
        string missing = _folder.File("missing");
        Assert.Contains(
            missing,
            (await Assert.ThrowsAsync<ModelFileException>(
                () => _model.LoadAdapterAsync(new(missing), "x", Cancellation))).Message);
        File.WriteAllText(_folder.File("a/adapter_config.json"), """{"peft_type": "IA3"}""");
        Assert.Contains(
            "peft_type: found IA3",
            (await Assert.ThrowsAsync<ModelFileException>(() => _model.LoadAdapterAsync(_a, "x", Cancellation))).Message);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _model.LoadAdapterAsync(_b, "x", new CancellationToken(canceled: true)));
        Assert.Equal((bytes, 0), (_model.Info.DeviceBytes, _model.Info.Adapters.Count));

        await _model.LoadAdapterAsync(_b, "x", Cancellation);
        await Assert.ThrowsAsync<ArgumentException>(() => _model.LoadAdapterAsync(_b, "x", Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => _model.UnloadAdapterAsync("y", Cancellation));
        Assert.Equal(["x"], _model.Info.Adapters);
        Assert.Equal(await TokensAsync(Submit(_model, [], maxTokens: 100)), await TokensAsync(running));
    }

    [Fact]
    public async Task Load_WithoutMemory_LeavesTheModelRunning()
    {
        await using var full = await LoadAsync(new LanguageModelOptions { MemoryLimit = _model.Info.DeviceBytes + 5000 });
        var error = await Assert.ThrowsAsync<DeviceException>(() => full.LoadAdapterAsync(_b, "x", Cancellation));
        Assert.Contains("is out of memory: the adapter's", error.Message, StringComparison.Ordinal);
        Assert.Equal((_model.Info.DeviceBytes, 0), (full.Info.DeviceBytes, full.Info.Adapters.Count));
        Assert.Equal(await TokensAsync(Submit(_model, [])), await TokensAsync(Submit(full, [])));
    }

    private static Task<LanguageModel> LoadAsync(LanguageModelOptions? options = null) => LanguageModel.LoadAsync(
        "tiny", (options ?? new()) with { Device = "cpu", Threads = 2, Chunk = 16, MaxTexts = 3 }, cancellation: Cancellation);

    private static TextGeneration Submit(LanguageModel model, IReadOnlyList<string>? adapters, int maxTokens = 12) =>
        model.Engine.Submit(
            new TextRequest(PromptEncoding.Encode(model.Tokenizer, Story))
            {
                Options = new GenerationOptions { MaxTokens = maxTokens, IgnoreEos = true, TopLogProbabilities = 0 },
                Adapters = adapters,
            },
            Cancellation);

    private static async Task<List<(int? Id, double? LogProbability)>> TokensAsync(TextGeneration text)
    {
        List<(int? Id, double? LogProbability)> tokens = [];
        await foreach (var token in text)
        {
            tokens.Add((token.Id, token.LogProbability));
        }

        return tokens;
    }

    private static async Task<string> AskAsync(ChatSession chat, string turn)
    {
        var answer = chat.AskAsync(turn, new GenerationOptions { MaxTokens = 12, IgnoreEos = true }, Cancellation);
        await answer.Generation.Completion;
        return answer.Generation.Text;
    }
}
