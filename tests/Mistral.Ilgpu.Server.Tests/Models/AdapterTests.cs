using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tests;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Models;

/// <summary>Adapters by the name of the model.</summary>
public sealed class AdapterTests
{
    private const string Prompt = "Once upon a time";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Complete_AdaptersName_AppliesItToThatTextAlone()
    {
        using var folder = new TemporaryFolder();
        string path = TinyAdapter.Write(folder.File("mine"), seed: 1);
        await using var model = await LanguageModel.LoadAsync(
            "tiny", new LanguageModelOptions { Device = "cpu", Adapters = [new LoraOptions(path, Scale: 10)] },
            cancellation: Cancellation);
        await using var app = await ServedApp.StartAsync(model);

        var texts = await Task.WhenAll(TextAsync(app, "tiny"), TextAsync(app, "mine"), TextAsync(app, "tiny"));

        Assert.Equal([await AloneAsync(model), await AloneAsync(model, path), await AloneAsync(model)], texts);
        Assert.NotEqual(texts[0], texts[1]);
        var models = await app.Http.GetFromJsonAsync<JsonElement>("/v1/models", Cancellation);
        Assert.Equal(
            [("tiny", null), ("mine", "tiny")],
            models.GetProperty("data").EnumerateArray().Select(entry => (
                entry.GetProperty("id").GetString(),
                entry.TryGetProperty("parent", out var parent) ? parent.GetString() : null)));
    }

    [Fact]
    public async Task Complete_AdapterThatIsUnloadedMeanwhile_IsNotFound()
    {
        using var folder = new TemporaryFolder();
        string path = TinyAdapter.Write(folder.File("mine"), seed: 1);
        await using var model = await LanguageModel.LoadAsync(
            "tiny", new LanguageModelOptions { Device = "cpu", Adapters = [new LoraOptions(path)] },
            cancellation: Cancellation);
        await using var app = await ServedApp.StartAsync(model);
        // The server does not know of it, as in the instant between its check and the engine's.
        await model.UnloadAdapterAsync(path, Cancellation);

        var answer = await app.Http.PostAsJsonAsync(
            "/v1/completions", new { model = "mine", prompt = Prompt, max_tokens = 1 }, Cancellation);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        var error = (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("error");
        Assert.Equal("model: found an adapter, which was unloaded", error.GetProperty("message").GetString());
    }

    private static async Task<string?> TextAsync(ServedApp app, string name) => (await app.AskAsync(
        "/v1/completions", $$"""{"model":"{{name}}","prompt":"{{Prompt}}","max_tokens":12,"temperature":0}"""))
        .GetProperty("choices")[0].GetProperty("text").GetString();

    private static async Task<string?> AloneAsync(LanguageModel model, params string[] adapters)
    {
        var text = model.Engine.Submit(
            new TextRequest(PromptEncoding.Encode(model.Tokenizer, Prompt))
            {
                Options = new GenerationOptions { MaxTokens = 12 }, Adapters = adapters,
            },
            Cancellation);
        await text.Completion;
        return text.Text;
    }
}
