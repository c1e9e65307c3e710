using Xunit;

namespace Mistral.Ilgpu.Tests.FrontDoor;

/// <summary><c>tiny</c> on the CPU accelerator, loaded once for a class of tests.</summary>
public sealed class TinyLanguageModel : IAsyncLifetime
{
    public LanguageModel Model { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Model = await LanguageModel.LoadAsync(
        "tiny", new LanguageModelOptions { Device = "cpu", Chunk = 16, MaxTexts = 3 });

    public ValueTask DisposeAsync() => Model.DisposeAsync();
}
