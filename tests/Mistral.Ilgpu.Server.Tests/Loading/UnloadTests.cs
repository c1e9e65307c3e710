using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Loading;

/// <summary>Models that go: idle ones, ones whose memory another needs, ones whose device has failed.</summary>
public sealed class UnloadTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Of a single model too.</summary>
    [Theory]
    [InlineData("a")]
    [InlineData("a", "b")]
    public async Task Model_ThatIsIdle_GoesAndComesBackTheSame(params string[] names)
    {
        await using var shelf = new ModelShelf();
        await shelf.StartAsync(options => options.IdleUnload = Idle, names);
        string text = await shelf.TextAsync("a");
        shelf.Time.Advance(Idle - TimeSpan.FromSeconds(1));
        await Task.Delay(50, Cancellation);
        Assert.Equal(["a"], shelf.Loaded);

        await shelf.PassUntilAsync(Step, () => !shelf.Loaded.Any());
        using var ready = await shelf.App.Http.GetAsync("/ready", Cancellation);

        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.Equal(text, await shelf.TextAsync("a"));
        Assert.Equal(2, shelf.LoadsOf("a"));
    }

    [Fact]
    public async Task Model_WhoseTextStreams_StaysUntilItEnds()
    {
        await using var shelf = await ModelShelf.OfTwoAsync(options => options.IdleUnload = Idle);
        using (await shelf.StreamAsync("b"))
        {
            await shelf.PassUntilAsync(Step, () => !shelf.Loaded.Contains("a"));
            shelf.Time.Advance(Idle * 3);
            await Task.Delay(50, Cancellation);

            Assert.Equal(["b"], shelf.Loaded);
        }

        await shelf.PassUntilAsync(Step, () => !shelf.Loaded.Any());
    }

    /// <summary>By the device's memory itself, which has room for one of them.</summary>
    [Fact]
    public async Task Memory_ForOneModel_IsThatOfTheLatest()
    {
        long needed;
        await using (var alone = await LanguageModel.LoadAsync(
            "tiny", new LanguageModelOptions { Device = "cpu", MaxTexts = 1 }, cancellation: Cancellation))
        {
            needed = alone.Info.DeviceBytes;
        }

        await using var shelf = new ModelShelf
        {
            Options = new LanguageModelOptions { Device = "cpu", MaxTexts = 1, MemoryLimit = needed + (needed / 8) },
        };
        await shelf.StartAsync(null, "a", "b");

        string text = await shelf.TextAsync("b");
        Assert.Equal(["b"], shelf.Loaded);

        Assert.Equal(text, await shelf.TextAsync("a"));
        Assert.Equal(["a"], shelf.Loaded);
    }

    [Fact]
    public async Task Memory_ThatIsShort_IsTakenFromTheLeastRecentlyUsed()
    {
        await using var shelf = await OfThreeWithRoomForTwoAsync();
        await shelf.TextAsync("b");
        shelf.Time.Advance(Step);
        await shelf.TextAsync("a");
        shelf.Time.Advance(Step);

        await shelf.TextAsync("c");

        Assert.Equal(["a", "c"], shelf.Loaded);
    }

    [Fact]
    public async Task Memory_ThatBusyModelsHold_IsNotTaken()
    {
        await using var shelf = await OfThreeWithRoomForTwoAsync();
        using var first = await shelf.StreamAsync("a");
        using (await shelf.StreamAsync("b"))
        {
            using var refused = await shelf.App.PostAsync("/v1/completions", ModelShelf.Completion("c"));
            string body = await refused.Content.ReadAsStringAsync(Cancellation);

            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.Contains("model 'c' has no room", body, StringComparison.Ordinal);
            Assert.Equal(["a", "b"], shelf.Loaded);
        }

        await ModelShelf.UntilAsync(() => TryAsync("c").GetAwaiter().GetResult());
        Assert.Equal(["a", "c"], shelf.Loaded);

        async Task<bool> TryAsync(string model)
        {
            using var response = await shelf.App.PostAsync("/v1/completions", ModelShelf.Completion(model));
            return response.IsSuccessStatusCode;
        }
    }

    [Fact]
    public async Task Model_WhoseDeviceFails_IsLoadedAgain()
    {
        await using var shelf = await ModelShelf.OfTwoAsync();
        await shelf.TextAsync("b");
        await shelf.BreakAsync("b");

        var health = await shelf.App.Http.GetFromJsonAsync<JsonElement>("/health", Cancellation);

        Assert.Equal("ok", health.GetProperty("status").GetString());
        Assert.Equal("failed", health.GetProperty("models").GetProperty("b").GetString());
        Assert.NotEmpty(await shelf.TextAsync("b"));
        Assert.Equal(2, shelf.LoadsOf("b"));
    }

    [Fact]
    public async Task SingleModel_WhoseDeviceFails_MakesTheProcessUnhealthy()
    {
        await using var shelf = new ModelShelf();
        await shelf.StartAsync(null, "a");
        await shelf.BreakAsync("a");

        using var health = await shelf.App.Http.GetAsync("/health", Cancellation);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Equal(503, (await shelf.App.FailAsync("/v1/completions", ModelShelf.Completion("a"))).Status);
        Assert.Equal(1, shelf.LoadsOf("a"));
    }

    private static async Task<ModelShelf> OfThreeWithRoomForTwoAsync()
    {
        var shelf = new ModelShelf();
        await shelf.StartAsync(null, "a", "b", "c");
        shelf.OnLoad = (_, _) => shelf.Loaded.Count() < 2
            ? Task.CompletedTask
            : throw new DeviceException("the device is out of memory") { IsOutOfMemory = true };
        return shelf;
    }
}
