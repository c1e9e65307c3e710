using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>An engine on a model without a device whose passes can be held, so that a test knows what has happened.</summary>
internal sealed class HeldModel : IAsyncDisposable
{
    private readonly ManualResetEventSlim _goOn = new(initialState: true);
    private readonly SemaphoreSlim _held = new(0);

    public HeldModel(FakeModel? model = null, int maxWaiting = 100)
    {
        Model = model ?? new FakeModel();
        Model.OnForward = batch =>
        {
            if (!_goOn.IsSet)
            {
                _held.Release();
                _goOn.Wait();
            }

            OnPass?.Invoke(batch);
        };
        Engine = new Engine(Model, Tokenizer, maxWaiting);
    }

    public static SentencePieceBpe Tokenizer { get; } = SmallModel.English();

    public FakeModel Model { get; }

    public Engine Engine { get; }

    /// <summary>Called in each pass.</summary>
    public Action<Mistral.Ilgpu.Model.Batch>? OnPass { get; set; }

    /// <summary>A model whose tokens are all that the tokenizer has.</summary>
    public static FakeModel OfWholeVocabulary() => new(Tokenizer.VocabularySize);

    /// <summary>Whether all pages and rows are free.</summary>
    public bool IsEmpty => Model.Table.AvailableBytes == Model.Table.Bytes && Model.Table.Free == Model.MaxSequences;

    /// <summary>Submits a text that holds the engine in its next pass.</summary>
    public async Task<TextGeneration> Hold(TextRequest request)
    {
        _goOn.Reset();
        var text = Engine.Submit(request);
        await _held.WaitAsync();
        return text;
    }

    /// <summary>Lets the pass go on.</summary>
    public void GoOn() => _goOn.Set();

    public TextGeneration Submit(int[] prompt, int maxTokens, GenerationOptions? options = null) =>
        Engine.Submit(Request(prompt, maxTokens, options));

    /// <summary>A text of just so many tokens.</summary>
    public static TextRequest Request(int[] prompt, int maxTokens, GenerationOptions? options = null) =>
        new(prompt) { Options = (options ?? new GenerationOptions()) with { MaxTokens = maxTokens, IgnoreEos = true } };

    /// <summary>What a text of the defaults becomes alone.</summary>
    public int[] Alone(TextGeneration text) =>
        Model.Alone(text.PromptIds, text.Request.Options, text.Adapters.Mask, text.Seed);

    public async ValueTask DisposeAsync()
    {
        _goOn.Set();
        await Engine.DisposeAsync();
        _goOn.Dispose();
        _held.Dispose();
    }
}
