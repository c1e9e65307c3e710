using System.Globalization;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Loading;

/// <summary>A model, opened as the options specify. Progress is shown to the user.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly ArrivalProgress _arrival;

    private LoadedModel(LanguageModel language, ArrivalProgress arrival) => (Language, _arrival) = (language, arrival);

    public LanguageModel Language { get; }

    public Checkpoint Checkpoint => Language.Checkpoint;

    public DeviceList Devices => Language.Devices;

    public MistralModel Model => Language.Model;

    /// <param name="timed">Whether the stream records time stamps (see <see cref="DeviceOptions.IsTimed"/>).</param>
    /// <param name="maxWaiting">Texts that may wait at once. Commands that limit the texts in progress themselves need no
    /// limit.</param>
    public static LoadedModel Open(
        ModelSettings settings, Narrator narrator, CancellationToken cancellation, bool timed = false,
        int maxWaiting = int.MaxValue)
    {
        using var opened = OpenedModel.Open(
            settings.Model, settings.Device, settings.DeviceOptions with { IsTimed = timed }, settings.Options,
            settings.Memory);
        foreach (var info in opened.Devices.Select(device => device.Info))
        {
            string reason = settings.Device == "auto" ? opened.DeviceReason ?? info.Preference.Reason : "as requested";
            narrator.Say($"device {info.Id}: {info.Name} ({reason})");
        }

        if (settings.Device == "auto" && opened is { DeviceReason: null, Devices: [{ Info.Kind: DeviceKind.Cpu }, ..] })
        {
            foreach (string driver in DeviceCatalog.DriversWithoutDevices())
            {
                narrator.Say($"{driver}");
            }
        }

        var arrival = new ArrivalProgress();
        var language = ProgressBar.OverLoading(
            narrator, $"loading {opened.Checkpoint.Name}", opened.Checkpoint.TotalBytes,
            (progress, kernels) =>
            {
                using var shown = arrival.ShowOn(progress);
                return opened.Load(settings.Options, maxWaiting, arrival, kernels, cancellation);
            });
        Tell(language, opened, narrator);
        return new LoadedModel(language, arrival);
    }

    /// <summary>Generates a text and reports its tokens. Shows the progress of the prompt until the first token.</summary>
    /// <param name="cancellation">Ends the text without an exception.</param>
    /// <returns>The text, which has ended.</returns>
    public TextGeneration Generate(
        TextRequest request, Narrator narrator, Action<GeneratedToken> onToken, CancellationToken cancellation)
    {
        return Run(request.PromptIds.Count, Submit, narrator, onToken, cancellation);

        (TextGeneration, IAsyncEnumerable<GeneratedToken>) Submit(Action<int, int> report)
        {
            var text = Language.Engine.Submit(request with { OnRead = report }, CancellationToken.None);
            return (text, text);
        }
    }

    /// <summary>Answers the next turn of a conversation and reports the pieces, as <see cref="Generate"/> does.</summary>
    public TextGeneration Answer(
        ChatSession conversation, string turn, GenerationOptions options, Narrator narrator, Action<ChatPiece> onPiece,
        CancellationToken cancellation)
    {
        return Run(conversation.LengthWith(turn), Submit, narrator, onPiece, cancellation);

        (TextGeneration, IAsyncEnumerable<ChatPiece>) Submit(Action<int, int> report)
        {
            var answer = conversation.Ask(new Message(MessageRole.User, turn), options, report, CancellationToken.None);
            return (answer.Generation, answer);
        }
    }

    private TextGeneration Run<T>(
        int length, Func<Action<int, int>, (TextGeneration Text, IAsyncEnumerable<T> Pieces)> submit, Narrator narrator,
        Action<T> onPiece, CancellationToken cancellation)
    {
        var (text, pieces, isThere) = Model.HasArrived
            ? ProgressBar.OverPrompt(narrator, Model.Chunk, length, Begin)
            // The first pass takes as long as the weights need to arrive.
            : ProgressBar.OverLoading(narrator, $"loading {Checkpoint.Name}", Checkpoint.TotalBytes, (progress, _) =>
            {
                using var shown = _arrival.ShowOn(progress);
                return Begin((_, _) => { });
            });
        using (pieces)
        {
            while (isThere)
            {
                onPiece(pieces.Current);
                isThere = pieces.MoveNext();
            }
        }

        return text;

        (TextGeneration Text, IEnumerator<T> Pieces, bool IsThere) Begin(Action<int, int> report)
        {
            var (text, pieces) = submit(report);
            // A cancelled text ends by itself.
            cancellation.UnsafeRegister(static text => ((TextGeneration)text!).Cancel(), text);
            var enumerator = pieces.ToBlockingEnumerable(CancellationToken.None).GetEnumerator();
            return (text, enumerator, enumerator.MoveNext());
        }
    }

    public void Dispose() => Language.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static void Tell(LanguageModel language, OpenedModel opened, Narrator narrator)
    {
        var (info, model) = (language.Info, language.Model);
        model.OnCacheOverflow = reason => narrator.Say($"warning: {reason}: --kv-type bf16");
        language.Devices.TellDrawbacks(reason => narrator.Detail($"{reason}"));
        string compiled = model.CompiledKernels == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture,
            $", {model.CompiledKernels} kernels compiled in {Narrator.Seconds(info.CompileTime)}, once");
        string loaded = model.HasArrived
            ? $"loaded in {Narrator.Seconds(info.LoadTime - info.CompileTime)}" : "are loaded while the first text is read";
        narrator.Say($"model {info.Name}: {ByteSize.Text(opened.Checkpoint.TotalBytes)} {loaded}{compiled}");
        if (model.SpareReason is { } reason)
        {
            narrator.Say($"{reason}");
        }

        foreach (var unused in language.Devices.Where(device => model.Parts.All(part => part.Device != device)))
        {
            narrator.Say($"device {unused.Info.Id} has no layers");
        }

        int first = 0;
        foreach (var part in model.Parts)
        {
            var residency = part.Residency;
            int end = first + residency.LayerCount;
            string where = model.Parts.Count == 1 ? "the device" : part.Device.Info.Id;
            if (model.Parts.Count > 1)
            {
                narrator.Say($"layers {first} to {end - 1} on {where}");
            }

            if (part.Keeper is { } keeper)
            {
                int stay = residency.LayerCount - residency.Streamed.Count;
                string how = residency.IsInPlace
                    ? $"used in place: {InPlace(residency.StreamedBytes - keeper.MemoryBytes, keeper.MemoryBytes)}"
                    : $"streamed: {ByteSize.Text(residency.StreamedBytes)} in every pass";
                narrator.Say($"{stay} of {residency.LayerCount} layers stay on {where}, {residency.Streamed.Count} are {how}");
                if (keeper.MemoryReason is { } drawback)
                {
                    narrator.Say($"warning: {drawback}");
                }
            }

            first = end;
        }

        narrator.Detail(
            $"checkpoint and tokenizer open after {opened.ReadTime.TotalMilliseconds:n0} ms, the device after {
                opened.OpenTime.TotalMilliseconds:n0} ms, kernels tested and weights loaded after {
                info.LoadTime.TotalMilliseconds:n0} ms, {model.KernelTime.TotalMilliseconds:n0} ms of which for kernels");
        narrator.Detail($"device memory {ByteSize.Text(info.DeviceBytes)}, of which cache {ByteSize.Text(info.CacheBytes)}");
    }

    private static string InPlace(long inFiles, long inMemory) => string.Join(
        " and ",
        new[] { (Bytes: inFiles, Place: "mapped files"), (Bytes: inMemory, Place: "host memory") }
            .Where(part => part.Bytes > 0).Select(part => $"{ByteSize.Text(part.Bytes)} in {part.Place}"));
}
