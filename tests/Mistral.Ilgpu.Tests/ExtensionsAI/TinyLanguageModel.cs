using Mistral.Ilgpu.Tests.Cli;
using Xunit;

namespace Mistral.Ilgpu.Tests.ExtensionsAI;

/// <summary>The built-in model on the CPU accelerator, loaded once.</summary>
public sealed class TinyLanguageModel : IAsyncLifetime
{
    public LanguageModel Model { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _ = TinyModel.Required;
        Model = await LanguageModel.LoadAsync("tiny", new LanguageModelOptions { Device = "cpu", MaxTexts = 3 });
    }

    public ValueTask DisposeAsync() => Model.DisposeAsync();
}
