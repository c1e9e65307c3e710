using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>Times every step of a prompt and of the tokens generated greedily after it.</summary>
/// <param name="model">A model on a device that was opened as timed.</param>
internal sealed class Profiler(MistralModel model)
{
    private readonly Batch _batch = new();

    /// <summary>Runs three times: to compile and warm up, with marks, and without marks for comparison.</summary>
    /// <param name="generated">Tokens after the prompt.</param>
    /// <exception cref="ContextFullException">The text would be longer than the context.</exception>
    public ModelProfile Run(int[] prompt, int generated, CancellationToken cancellation = default)
    {
        Unmarked();
        var passes = Marked();
        return new ModelProfile(passes, Unmarked());

        List<PassTiming> Marked()
        {
            var timings = new List<PassTiming>();
            using var clock = new StreamClock(model.Device);
            TimedPasses? timed = null;
            using var decorated = model.Decorate((inner, direct) => timed = new TimedPasses(inner, direct, clock));
            Generate(prompt, generated, run =>
            {
                cancellation.ThrowIfCancellationRequested();
                var begin = StreamClock.Now;
                run();
                model.Device.Synchronize();
                var end = StreamClock.Now;
                var pass = model.LastPass.Copy();
                timings.Add(new PassTiming(pass, begin, end, timed!.Read(pass)));
            });
            return timings;
        }

        TimeSpan Unmarked()
        {
            var begin = StreamClock.Now;
            Generate(prompt, generated, run =>
            {
                cancellation.ThrowIfCancellationRequested();
                run();
            });
            model.Device.Synchronize();
            return StreamClock.Now - begin;
        }
    }

    // Calls onPass with each pass, which must run at once and in order.
    private void Generate(int[] prompt, int generated, Action<Action> onPass)
    {
        using var sequence = model.TryOpen(prompt.Length + generated)
            ?? throw new InvalidOperationException("the cache has no room for the text");
        int next = 0;
        foreach (var pass in GreedyPass.Of(model, prompt, generated))
        {
            onPass(() =>
            {
                pass.Fill(_batch, sequence, prompt, next);
                model.Forward(_batch);
                next = pass.Chooses ? model.ArgMax()[0] : next;
            });
        }
    }
}
