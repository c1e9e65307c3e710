using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Loading;

/// <summary>Models that are loaded when requests name them.</summary>
public sealed class OnDemandTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Request_ModelThatIsNotThere_LoadsIt()
    {
        await using var shelf = await ModelShelf.OfTwoAsync();
        Assert.Equal(["a"], shelf.Loaded);

        string text = await shelf.TextAsync("b");

        Assert.Equal(await shelf.TextAsync("a"), text);
        Assert.Equal(["a", "b"], shelf.Loaded);
        var (status, error) = await shelf.App.FailAsync("/v1/completions", ModelShelf.Completion("c"));
        Assert.Equal((404, "model: found 'c', expected a or b"), (status, error.GetProperty("message").GetString()));
    }

    [Theory]
    [InlineData("/v1/chat/completions", """ "messages":[{"role":"user","content":"Hi"}],"max_tokens":1""")]
    [InlineData("/v1/responses", """ "input":"Hi","max_output_tokens":1""")]
    [InlineData("/v1/messages", """ "messages":[{"role":"user","content":"Hi"}],"max_tokens":1""")]
    [InlineData("/v1/messages/count_tokens", """ "messages":[{"role":"user","content":"Hi"}]""")]
    [InlineData("/v1/embeddings", """ "input":"Hi" """)]
    [InlineData("/tokenize", """ "prompt":"Hi" """)]
    [InlineData("/detokenize", """ "tokens":[5]""")]
    public async Task Request_OfEachEndpoint_GoesToTheModelItNames(string path, string fields)
    {
        await using var shelf = await ModelShelf.OfTwoAsync();

        var answer = await shelf.App.AskAsync(path, $$"""{"model":"b",{{fields}}}""");

        Assert.Equal(1, shelf.LoadsOf("b"));
        if (answer.TryGetProperty("model", out var model))
        {
            Assert.Equal("b", model.GetString());
        }
    }

    [Fact]
    public async Task Models_OfTheServer_AreListedUnloaded()
    {
        await using var shelf = await ModelShelf.OfTwoAsync();

        var models = await shelf.App.Http.GetFromJsonAsync<JsonElement>("/v1/models", Cancellation);
        var health = await shelf.App.Http.GetFromJsonAsync<JsonElement>("/health", Cancellation);

        var names = models.GetProperty("data").EnumerateArray().Select(entry => entry.GetProperty("id").GetString());
        Assert.Equal(["a", "b"], names);
        Assert.Equal(1024, models.GetProperty("data")[1].GetProperty("max_model_len").GetInt32());
        Assert.Equal("""{"a":"ok","b":"unloaded"}""", health.GetProperty("models").GetRawText());
        Assert.Equal(0, shelf.LoadsOf("b"));
    }

    [Fact]
    public async Task Requests_AtTheSameTime_ShareOneLoad()
    {
        await using var shelf = await ModelShelf.OfTwoAsync();
        var (begun, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        shelf.OnLoad = (_, _) =>
        {
            begun.SetResult();
            return go.Task;
        };

        var first = shelf.TextAsync("b");
        await begun.Task.WaitAsync(Cancellation);
        var second = shelf.TextAsync("b");
        string other = await shelf.TextAsync("a");
        go.SetResult();

        Assert.Equal([other, other], await Task.WhenAll(first, second));
        Assert.Equal(1, shelf.LoadsOf("b"));
    }

    [Fact]
    public async Task Request_WhoseLoadFails_IsToldAndTheNextTriesAgain()
    {
        await using var shelf = await ModelShelf.OfTwoAsync();
        shelf.OnLoad = (_, _) => throw new InvalidDataException("a secret path");

        var (status, error) = await shelf.App.FailAsync("/v1/completions", ModelShelf.Completion("b"));
        shelf.OnLoad = null;

        Assert.Equal((503, "model 'b' could not be loaded"), (status, error.GetProperty("message").GetString()));
        Assert.Equal("model_load_failed", error.GetProperty("code").GetString());
        Assert.NotEmpty(await shelf.TextAsync("b"));
        Assert.Equal(2, shelf.LoadsOf("b"));
    }

    [Fact]
    public async Task Client_ThatGoesWhileAModelLoads_LeavesTheLoadToOthers()
    {
        await using var shelf = await ModelShelf.OfTwoAsync();
        var (begun, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        shelf.OnLoad = (_, cancellation) =>
        {
            begun.SetResult();
            return go.Task.WaitAsync(cancellation);
        };
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var request = shelf.App.Http.PostAsync(
            "/tokenize", JsonContent.Create(new { model = "b", prompt = "Hi" }), gone.Token);
        await begun.Task.WaitAsync(Cancellation);

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        go.SetResult();
        await shelf.TextAsync("b");

        Assert.Equal(1, shelf.LoadsOf("b"));
    }

    [Fact]
    public async Task Timeout_WhileAModelLoads_EndsTheRequestAlone()
    {
        await using var shelf = await ModelShelf.OfTwoAsync();
        var go = new TaskCompletionSource();
        shelf.OnLoad = (_, _) => go.Task;

        var late = shelf.App.FailAsync("/v1/completions", ModelShelf.Completion("b", "\"timeout\":30"));
        await shelf.PassUntilAsync(TimeSpan.FromSeconds(10), () => late.IsCompleted);
        go.SetResult();

        Assert.Equal(504, (await late).Status);
        Assert.NotEmpty(await shelf.TextAsync("b"));
        Assert.Equal(1, shelf.LoadsOf("b"));
    }

    [Fact]
    public async Task Stop_OfTheApplication_EndsTheTextsOfAllModels()
    {
        await using var shelf = await ModelShelf.OfTwoAsync(options => options.Drain = TimeSpan.Zero);
        using var first = await shelf.StreamAsync("a");
        using var second = await shelf.StreamAsync("b");

        shelf.App.Stop();

        foreach (var response in (HttpResponseMessage[])[first, second])
        {
            Assert.Contains("\"unavailable\"", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        }

        using var ready = await shelf.App.Http.GetAsync("/ready", Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
    }
}
