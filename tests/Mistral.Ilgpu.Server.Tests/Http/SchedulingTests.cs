using System.Diagnostics;
using System.Net;
using Mistral.Ilgpu.Generation;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Http;

/// <summary>Requests that are cancelled, late, or too many.</summary>
public sealed class SchedulingTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Endless =
        """{"messages":[{"role":"user","content":"Tell me a story."}],"max_tokens":100000,"ignore_eos":true,"stream":true""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Post_MoreThanMayWait_IsRefusedAndTheOthersAreServed()
    {
        await using var model = await LoadAsync();
        await using var app = await ServedApp.StartAsync(model);
        using var running = await app.PostAsync(Chat, Endless + "}");
        await WaitAsync(model, status => status.Running == 1);
        using var waiting = await app.PostAsync(Chat, Endless + "}");

        using var refused = await app.PostAsync(Chat, Endless + "}");

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        using var ready = await app.Http.GetAsync("/ready", Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
    }

    [Fact]
    public async Task Post_ClientThatGoes_FreesItsPlaceAtOnce()
    {
        await using var model = await LoadAsync();
        await using var app = await ServedApp.StartAsync(model);
        using (await app.PostAsync(Chat, Endless + "}"))
        {
            await WaitAsync(model, status => status.Running == 1);
        }

        await WaitAsync(model, status => status.Running == 0);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task Post_Timeout_EndsTheAnswer(string streamed)
    {
        await using var model = await LoadAsync();
        await using var app = await ServedApp.StartAsync(model);
        string body = Endless.Replace("\"stream\":true", $"\"stream\":{streamed}", StringComparison.Ordinal);
        var watch = Stopwatch.StartNew();

        using var response = await app.PostAsync(Chat, body + ""","timeout":0.5}""");
        string text = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.Contains("\"finish_reason\":\"length\"", text, StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.5, 30);
    }

    [Fact]
    public async Task Post_LowerPriorityNumber_BeginsFirst()
    {
        await using var model = await LoadAsync(maxWaiting: 8);
        await using var app = await ServedApp.StartAsync(model);
        const string Short = """{"messages":[{"role":"user","content":"x"}],"max_tokens":200,"ignore_eos":true""";
        var running = await app.PostAsync(Chat, Endless + "}");
        await WaitAsync(model, status => status.Running == 1);
        List<string> order = [];
        var late = RunAsync("late", 5, waiting: 1);
        await WaitAsync(model, status => status.Waiting == 1);
        var early = RunAsync("early", -5, waiting: 2);
        await WaitAsync(model, status => status.Waiting == 2);

        running.Dispose();
        await Task.WhenAll(late, early);

        Assert.Equal(["early", "late"], order);

        async Task RunAsync(string name, int priority, int waiting)
        {
            using var response = await app.PostAsync(Chat, $$"""{{Short}},"priority":{{priority}}}""");
            await response.Content.ReadAsStringAsync(Cancellation);
            lock (order)
            {
                order.Add(name);
            }
        }
    }

    /// <summary>A stream with nothing to say stays alive by comments.</summary>
    [Fact]
    public async Task Stream_WhileItWaits_HasComments()
    {
        await using var model = await LoadAsync(maxWaiting: 8);
        await using var app = await ServedApp.StartAsync(model, options => options.KeepAlive = TimeSpan.FromMilliseconds(50));
        using var running = await app.PostAsync(Chat, Endless + "}");
        using var waiting = await app.PostAsync(Chat, Endless + "}");
        using var reader = new StreamReader(await waiting.Content.ReadAsStreamAsync(Cancellation));

        string? line;
        do
        {
            line = await reader.ReadLineAsync(Cancellation);
        }
        while (line is not (null or ": keep-alive"));

        Assert.NotNull(line);
    }

    private static Task<LanguageModel> LoadAsync(int maxWaiting = 1) => LanguageModel.LoadAsync(
        "tiny", new LanguageModelOptions { Device = "cpu", MaxTexts = 1, MaxWaiting = maxWaiting }, cancellation: Cancellation);

    private static async Task WaitAsync(LanguageModel model, Func<EngineStatus, bool> holds)
    {
        var watch = Stopwatch.StartNew();
        while (!holds(model.Engine.Status))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{model.Engine.Status}");
            await Task.Delay(10, Cancellation);
        }
    }
}
