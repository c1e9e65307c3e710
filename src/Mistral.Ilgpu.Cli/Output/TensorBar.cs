using Mistral.Ilgpu.Checkpoints;
using Spectre.Console;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>A progress bar over the bytes of a model, where someone looks at it.</summary>
internal static class TensorBar
{
    public static T Run<T>(Narrator narrator, string title, long totalBytes, Func<IProgress<TensorProgress>?, T> work)
    {
        if (!narrator.ShowsProgress)
        {
            return work(null);
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(narrator.Terminal.Error) });
        return console.Progress().AutoClear(true).Start(context => work(new ProgressTo(context.AddTask(Markup.Escape(title), maxValue: totalBytes))));
    }

    // System.Progress would report from the thread pool, out of order.
    private sealed class ProgressTo(ProgressTask task) : IProgress<TensorProgress>
    {
        public void Report(TensorProgress value) => task.Value = value.BytesDone;
    }
}
