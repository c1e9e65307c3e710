using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tests;
using Mistral.Ilgpu.Tests.Chat;
using Mistral.Ilgpu.Tests.ExtensionsAI;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests;

/// <summary>A model of random weights whose chat format has tools and reasoning. It answers as scripts say.</summary>
public sealed class ToolServer : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public LanguageModel Model { get; private set; } = null!;

    /// <summary>A server whose texts are this. Control tokens are written as the tokenizer writes them.</summary>
    internal Task<ServedApp> AnsweringAsync(string answer) => ServedApp.StartAsync(
        Model, null, new ScriptedAnswer([.. ParsedAnswer.Ids(Model.Tokenizer, answer), Model.Tokenizer.EosId]));

    /// <summary>A server whose texts are the model's, without reasoning, which random weights never end.</summary>
    internal Task<ServedApp> WithoutReasoningAsync() =>
        ServedApp.StartAsync(Model, null, new Without(Model.Tokenizer.FindControl("[THINK]")));

    public async ValueTask InitializeAsync()
    {
        ToolCheckpoint.Write(_folder, "v13");
        Model = await LanguageModel.LoadAsync(_folder.Path, new LanguageModelOptions { Device = "cpu", MaxTexts = 2 });
    }

    public async ValueTask DisposeAsync()
    {
        await Model.DisposeAsync();
        _folder.Dispose();
    }

    private sealed class Without(int id) : ILogitProcessor
    {
        public void Process(ReadOnlySpan<int> all, int promptLength, Span<float> logits) => logits[id] = float.NegativeInfinity;
    }
}
