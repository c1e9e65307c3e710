using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu;

/// <summary>
/// A model, ready to run: its files, its devices, its weights there, and the <see cref="Engine"/> that continues texts. Every
/// member is for any thread.
/// </summary>
/// <example>
/// <code>
/// await using var model = await LanguageModel.LoadAsync("tiny");
/// await foreach (var piece in model.GenerateAsync("Once upon a time")) Console.Write(piece.Text);
/// </code>
/// </example>
public sealed partial class LanguageModel : IAsyncDisposable
{
    private readonly ModelInfo _info;
    private readonly Task _arrival;

    // Whoever disposes of it waits for the one who does so first.
    private readonly Lazy<Task> _disposal;

    internal LanguageModel(Checkpoint checkpoint, DeviceList devices, MistralModel model, int maxWaiting, TimeSpan loadTime)
    {
        (Checkpoint, Devices, Model) = (checkpoint, devices, model);
        Engine = new Engine(model, checkpoint.Tokenizer, maxWaiting);
        _disposal = new Lazy<Task>(DisposeOnce);
        _arrival = model.HasArrived ? Task.CompletedTask : Task.Run(Arrive);
        _info = new ModelInfo
        {
            Name = checkpoint.Name,
            Device = devices.Id,
            DeviceName = devices.Name,
            ParameterCount = MistralGraph.ParameterCountOf(model.Config),
            VocabularySize = model.Config.VocabularySize,
            LayerCount = model.Config.LayerCount,
            StreamedLayers = model.Parts.Sum(part => part.Residency.Streamed.Count),
            Dim = model.Config.Dim,
            SlidingWindow = model.Config.SlidingWindow,
            Context = model.Context,
            MaxTexts = model.Options.Sequences,
            DeviceBytes = devices.AllocatedBytes,
            CacheBytes = model.Cache.Bytes,
            LoadTime = loadTime,
            CompileTime = model.CompiledKernels > 0 ? model.KernelTime : TimeSpan.Zero,
        };
    }

    /// <summary>What was loaded, and where it runs. It has the adapters and the memory of the time at which it is asked
    /// for.</summary>
    public ModelInfo Info => _info with { Adapters = Model.Adapters.Names, DeviceBytes = Devices.AllocatedBytes };

    /// <summary>The model's tokenizer.</summary>
    public TextTokenizer Tokenizer => Checkpoint.Tokenizer;

    /// <summary>Continues the texts; takes requests that say more than those of this class.</summary>
    public Engine Engine { get; }

    internal Checkpoint Checkpoint { get; }

    internal DeviceList Devices { get; }

    internal MistralModel Model { get; }

    /// <summary>The devices of this machine, as <see cref="LanguageModelOptions.Device"/> names them.</summary>
    public static IReadOnlyList<DeviceInfo> ListDevices() => DeviceCatalog.List();

    /// <summary>Loads a model and starts its engine.</summary>
    /// <param name="model">A file, a folder, <c>OWNER/NAME</c> in Hugging Face's cache, <c>tiny</c> for the built-in model, or
    /// <c>random:NAME[:TYPE]</c>.</param>
    /// <param name="progress">Is told how far the load is, from any thread.</param>
    /// <param name="cancellation">Ends the load.</param>
    /// <exception cref="ModelFileException">The model is missing, damaged, or of a kind that is not supported.</exception>
    /// <exception cref="ModelMemoryException">The model does not fit the device.</exception>
    /// <exception cref="DeviceException">The device is absent, out of memory, or computes wrongly.</exception>
    public static Task<LanguageModel> LoadAsync(
        string model = Checkpoint.Tiny, LanguageModelOptions? options = null, IProgress<LoadProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new LanguageModelOptions();
        var reports = progress is null ? null : new LoadReports(progress);
        return Task.Run(
            () =>
            {
                using var opened = OpenedModel.Open(
                    model, options.Device, options.DeviceOptions, options.Model, options.MemoryLimits);
                var loaded = opened.Load(options.Model, options.MaxWaiting, reports, reports, cancellation);
                loaded.WarnWith(options.OnWarning);
                return loaded;
            },
            cancellation);
    }

    /// <summary>Continues a text.</summary>
    /// <param name="prompt">The text so far. The token that starts a text is put before it.</param>
    /// <param name="options">The defaults take the likeliest tokens, 256 at most.</param>
    /// <param name="cancellation">Ends the text; enumerating it then throws <see cref="OperationCanceledException"/>.</param>
    /// <returns>The text, already submitted; enumerating it gives its tokens as they are chosen.</returns>
    /// <exception cref="ArgumentException">The text is empty, and the tokenizer has no token that starts a text.</exception>
    /// <exception cref="ContextFullException">The prompt alone is longer than the context.</exception>
    /// <exception cref="CacheFullException">The text might not fit the cache however empty.</exception>
    /// <exception cref="QueueFullException">As many texts wait as may.</exception>
    /// <exception cref="EngineStoppedException">The model is disposed of, or its device has failed.</exception>
    public TextGeneration GenerateAsync(
        string prompt, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        Engine.Submit(new TextRequest(PromptEncoding.Encode(Tokenizer, prompt)) { Options = options ?? new() }, cancellation);

    /// <summary>Answers a conversation in the model's own chat format.</summary>
    /// <param name="messages">The conversation, oldest first.</param>
    /// <param name="settings">Tools and what else the model is told; null for none.</param>
    /// <param name="options">The defaults take the likeliest tokens, 256 at most.</param>
    /// <param name="cancellation">Ends the answer; enumerating it then throws <see cref="OperationCanceledException"/>.</param>
    /// <returns>The answer, already submitted; enumerating it gives its pieces as they are certain.</returns>
    /// <exception cref="ChatFormatException">The model's format has no such conversation.</exception>
    /// <exception cref="ContextFullException">The conversation alone is longer than the context.</exception>
    /// <exception cref="CacheFullException">The text might not fit the cache however empty.</exception>
    /// <exception cref="QueueFullException">As many texts wait as may.</exception>
    /// <exception cref="EngineStoppedException">The model is disposed of, or its device has failed.</exception>
    public ChatAnswer ChatAsync(
        IReadOnlyList<Message> messages, ChatSettings? settings = null, GenerationOptions? options = null,
        CancellationToken cancellation = default)
    {
        var request = new ChatRequest(messages, settings ?? new ChatSettings());
        var text = Engine.Submit(
            new TextRequest(request.Encode(Tokenizer))
            {
                Options = request.OptionsFor(Tokenizer, options ?? new()), StartsText = request.StartsAnswer,
            },
            cancellation);
        return new ChatAnswer(text, request, Tokenizer);
    }

    /// <summary>Begins a conversation that keeps its place in the cache between turns.</summary>
    /// <param name="system">What the model is told to be; null for nothing.</param>
    /// <param name="settings">Tools and what else the model is told; null for none.</param>
    /// <exception cref="ChatFormatException">The model's chat format is not supported.</exception>
    public ChatSession StartChat(string? system = null, ChatSettings? settings = null) =>
        new(this, system, settings ?? new ChatSettings());

    /// <summary>Tells how probable the model finds each token of a text.</summary>
    /// <param name="topLogProbabilities">How many of the likeliest tokens come with each, from 0.</param>
    /// <exception cref="ArgumentException">The text is empty, and the tokenizer has no token that starts a text.</exception>
    /// <exception cref="ContextFullException">The text is longer than the context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task<TextScore> ScoreAsync(
        string text, int topLogProbabilities = 0, CancellationToken cancellation = default) =>
        ScoreAsync(PromptEncoding.Encode(Tokenizer, text), topLogProbabilities, wantsLogits: false, onRead: null, cancellation);

    /// <summary>Makes one vector of a text, from the hidden states after the last norm. It is not normalized.</summary>
    /// <exception cref="ArgumentException">The text is empty, and the tokenizer has no token that starts a text.</exception>
    /// <exception cref="ContextFullException">The text is longer than the context.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task<float[]> EmbedAsync(
        string text, EmbeddingPooling pooling = EmbeddingPooling.Mean, CancellationToken cancellation = default) =>
        EmbedAsync(PromptEncoding.Encode(Tokenizer, text), pooling, adapters: null, cancellation);

    /// <summary>As <see cref="EmbedAsync(string, EmbeddingPooling, CancellationToken)"/>, of the tokens of a text.</summary>
    /// <param name="adapters">See <see cref="TextRequest.Adapters"/>.</param>
    internal async Task<float[]> EmbedAsync(
        int[] ids, EmbeddingPooling pooling, IReadOnlyList<string>? adapters, CancellationToken cancellation)
    {
        var embedding = new PromptEmbedding(ids.Length, pooling);
        await ReadAsync(new TextRequest(ids) { Reader = embedding, Adapters = adapters }, cancellation).ConfigureAwait(false);
        return embedding.Vector();
    }

    // A failure is the next pass's, which tries again.
    private void Arrive()
    {
        try
        {
            while (Model.Arrive())
            {
            }
        }
        catch (Exception exception) when (exception is MistralException or OperationCanceledException or ObjectDisposedException
            || ComputeDevice.IsFault(exception))
        {
        }
    }

    /// <summary>Cancels all texts, and frees the devices and the files.</summary>
    public ValueTask DisposeAsync() => new(_disposal.Value);

    private async Task DisposeOnce()
    {
        await Engine.DisposeAsync().ConfigureAwait(false);
        Model.Dispose();
        await _arrival.ConfigureAwait(false);
        Devices.Dispose();
        Checkpoint.Dispose();
    }

    /// <summary>Has someone told of the devices' drawbacks, and of keys and values that overflow the cache.</summary>
    internal void WarnWith(Action<string>? warn)
    {
        if (warn is not null)
        {
            Model.OnCacheOverflow = warn;
            Devices.TellDrawbacks(warn);
        }
    }

    /// <param name="wantsLogits">Whether the logits after the last token are kept.</param>
    /// <param name="onRead">See <see cref="TextRequest.OnRead"/>.</param>
    internal async Task<TextScore> ScoreAsync(
        int[] ids, int topLogProbabilities, bool wantsLogits, Action<int, int>? onRead, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(topLogProbabilities);
        ArgumentOutOfRangeException.ThrowIfZero(ids.Length);
        var score = new PromptScore(ids, topLogProbabilities, wantsLogits);
        await ReadAsync(new TextRequest(ids) { Reader = score, OnRead = onRead }, cancellation).ConfigureAwait(false);
        return new TextScore(ids, score.Values, score.Top) { LastLogits = score.LastLogits };
    }

    private async Task ReadAsync(TextRequest request, CancellationToken cancellation)
    {
        var text = Engine.Submit(request with { EndsAfterPrompt = true }, cancellation);
        await text.Completion.ConfigureAwait(false);
        if (text.FinishReason == FinishReason.Cancelled)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new OperationCanceledException("the engine was stopped");
        }
    }
}
