using Xunit;

namespace Mistral.Ilgpu.Server.Tests;

/// <summary>The built-in model on the CPU accelerator behind a server, for all tests of the collection.</summary>
public sealed class TinyServer : IAsyncLifetime
{
    public LanguageModel Model { get; private set; } = null!;

    internal ServedApp App { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Model = await LanguageModel.LoadAsync(
            "tiny", new LanguageModelOptions { Device = "cpu", MaxTexts = 4, MaxWaiting = 64 });
        App = await ServedApp.StartAsync(Model);
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Model.DisposeAsync();
    }
}
