using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Mistral.Ilgpu.Server.Loading;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Loading;

/// <summary>A server of several models, each of which is the built-in one under another name. Time stands still until it is
/// moved.</summary>
internal sealed class ModelShelf : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, int> _loads = [];

    public FakeTimeProvider Time { get; } = new();

    public ServedApp App { get; private set; } = null!;

    /// <summary>Is called before each load, which it may hold or fail.</summary>
    public Func<string, CancellationToken, Task>? OnLoad { get; set; }

    /// <summary>How a model is loaded.</summary>
    public LanguageModelOptions Options { get; set; } = new() { Device = "cpu", MaxTexts = 2 };

    /// <summary>The models that are in memory.</summary>
    public IEnumerable<string> Loaded => Slots.Where(slot => slot.Model is not null).Select(slot => slot.Name);

    private IReadOnlyList<ModelSlot> Slots => App.Services.GetRequiredService<ModelCatalog>().Slots;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async Task StartAsync(Action<MistralServerOptions>? configure, params string[] names) =>
        App = await ServedApp.StartAsync(
            services =>
            {
                services.AddSingleton<TimeProvider>(Time);
                services.AddSingleton(new NamedModels([.. names.Select(ModelOf)]));
            },
            configure);

    /// <summary>A server of the models a and b, of which a is loaded.</summary>
    public static async Task<ModelShelf> OfTwoAsync(Action<MistralServerOptions>? configure = null)
    {
        var shelf = new ModelShelf();
        await shelf.StartAsync(configure, "a", "b");
        return shelf;
    }

    /// <summary>How often a model was loaded.</summary>
    public int LoadsOf(string name) => _loads.GetValueOrDefault(name);

    /// <summary>The text that a model continues a prompt with.</summary>
    public async Task<string> TextAsync(string model)
    {
        var answer = await App.AskAsync("/v1/completions", Completion(model));
        Assert.Equal(model, answer.GetProperty("model").GetString());
        return answer.GetProperty("choices")[0].GetProperty("text").GetString()!;
    }

    /// <summary>Begins a text that runs until its reader goes.</summary>
    public async Task<HttpResponseMessage> StreamAsync(string model)
    {
        var response = await App.PostAsync("/v1/completions", Completion(model, "\"max_tokens\":100000,\"stream\":true"));
        Assert.True(response.IsSuccessStatusCode);
        return response;
    }

    /// <summary>Has a model's passes fail until its engine gives up.</summary>
    public async Task BreakAsync(string model)
    {
        var slot = Slots.First(slot => slot.Name == model);
        slot.Model!.Language.Model.Dispose();
        while (!slot.IsFaulted)
        {
            _ = await App.FailAsync("/v1/completions", Completion(model));
        }
    }

    public static string Completion(string model, string rest = "\"max_tokens\":4") =>
        $$"""{"model":"{{model}}","prompt":"Once upon a time","temperature":0,"ignore_eos":true,{{rest}}}""";

    /// <summary>Moves the time until something holds.</summary>
    public Task PassUntilAsync(TimeSpan step, Func<bool> holds) => UntilAsync(holds, () => Time.Advance(step));

    /// <summary>Waits until something holds.</summary>
    public static async Task UntilAsync(Func<bool> holds, Action? meanwhile = null)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromMinutes(1));
        while (!holds())
        {
            meanwhile?.Invoke();
            await Task.Delay(10, patience.Token);
        }
    }

    public async ValueTask DisposeAsync() => await App.DisposeAsync();

    private NamedModel ModelOf(string name) => new(name, async (heldOn, cancellation) =>
    {
        _loads.AddOrUpdate(name, 1, (_, count) => count + 1);
        await (OnLoad?.Invoke(name, cancellation) ?? Task.CompletedTask);
        return await LanguageModel.LoadAsync("tiny", Options with { HeldOn = heldOn }, cancellation: cancellation);
    })
    {
        Context = 1024,
    };
}
