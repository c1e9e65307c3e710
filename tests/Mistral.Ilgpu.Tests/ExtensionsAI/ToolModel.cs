using Microsoft.Extensions.AI;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tests.Chat;
using Xunit;

namespace Mistral.Ilgpu.Tests.ExtensionsAI;

/// <summary>A model of random weights whose chat format has tools and reasoning. It answers as scripts say.</summary>
public sealed class ToolModel : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public LanguageModel Model { get; private set; } = null!;

    /// <summary>Options whose answers are these, one for each call. Control tokens are written as the tokenizer writes
    /// them.</summary>
    internal ChatOptions Answering(params string[] answers)
    {
        var scripts = new Queue<string>(answers);
        return new ChatOptions
        {
            RawRepresentationFactory = _ => new GenerationOptions
            {
                LogitProcessors = [new ScriptedAnswer([.. Ids(scripts.Dequeue()), Model.Tokenizer.EosId])],
            },
        };
    }

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

    private IEnumerable<int> Ids(string text) => ParsedAnswer.Ids(Model.Tokenizer, text);
}
