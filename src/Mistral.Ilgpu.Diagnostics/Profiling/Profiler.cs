using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>Times every step of a prompt and of the tokens generated greedily after it.</summary>
/// <param name="model">A model on devices that were opened as timed.</param>
internal sealed class Profiler(MistralModel model)
{
    private readonly Batch _batch = new();

    /// <summary>Runs three times: to compile and warm up, with marks, and without marks for comparison.</summary>
    /// <param name="generated">Tokens of each text after the prompt.</param>
    /// <param name="texts">Texts that are generated together, one token of each in a pass.</param>
    /// <exception cref="ContextFullException">The text would be longer than the context.</exception>
    /// <exception cref="DeviceException">The cache has no room for the texts.</exception>
    public ModelProfile Run(int[] prompt, int generated, int texts = 1, CancellationToken cancellation = default)
    {
        Unmarked();
        var passes = Marked();
        return new ModelProfile(passes, Unmarked());

        List<PassTiming> Marked()
        {
            var timings = new List<PassTiming>();
            var timed = new List<TimedPasses>();
            List<StreamClock> clocks = [.. model.Parts.Select(part => new StreamClock(part.Device))];
            try
            {
                using var decorated = model.Decorate(part =>
                {
                    timed.Add(new TimedPasses(part, clocks[timed.Count]));
                    return timed[^1];
                });
                Generate(prompt, generated, texts, run =>
                {
                    cancellation.ThrowIfCancellationRequested();
                    var begin = StreamClock.Now;
                    run();
                    model.Devices.Synchronize();
                    var end = StreamClock.Now;
                    var pass = model.LastPass.Copy();
                    timings.Add(new PassTiming(pass, begin, end, [.. timed.SelectMany(part => part.Read(pass))]));
                });
            }
            finally
            {
                clocks.ForEach(clock => clock.Dispose());
            }

            return timings;
        }

        TimeSpan Unmarked()
        {
            var begin = StreamClock.Now;
            Generate(prompt, generated, texts, run =>
            {
                cancellation.ThrowIfCancellationRequested();
                run();
            });
            model.Devices.Synchronize();
            return StreamClock.Now - begin;
        }
    }

    // Calls onPass with each pass, which must run at once and in order.
    private void Generate(int[] prompt, int generated, int texts, Action<Action> onPass)
    {
        using var open = new OpenTexts(model, texts, prompt.Length + generated);
        int[] next = new int[texts];
        foreach (var pass in GreedyPass.Of(model, prompt, generated, texts))
        {
            onPass(() =>
            {
                pass.Fill(_batch, open.Sequences, prompt, next);
                model.Forward(_batch);
                pass.Keep(model, next);
            });
        }
    }
}
