using System.Text;
using Mistral.Ilgpu.Checkpoints;
using Spectre.Console;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>A progress bar on standard error, where someone looks at it.</summary>
internal static class ProgressBar
{
    /// <param name="total">What the work reports in the end.</param>
    /// <param name="work">Receives what to report progress to, from any thread.</param>
    public static T Run<T>(Narrator narrator, string title, double total, Func<Action<double>, T> work)
    {
        if (!narrator.ShowsProgress)
        {
            return work(_ => { });
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new ErrorConsole(narrator.Terminal) });
        return console.Progress().AutoClear(true).Start(context =>
        {
            var task = context.AddTask(Markup.Escape(title), maxValue: total);
            return work(done => task.Value = done);
        });
    }

    /// <summary>Over the bytes of a model.</summary>
    public static T OverTensors<T>(Narrator narrator, string title, long totalBytes, Func<IProgress<TensorProgress>, T> work) =>
        Run(narrator, title, totalBytes, report => work(new ProgressTo(report)));

    // Spectre takes no writer but the console's own for a terminal.
    private sealed class ErrorConsole(Terminal terminal) : IAnsiConsoleOutput
    {
        public TextWriter Writer => terminal.Error;

        public bool IsTerminal => terminal.IsErrorInteractive;

        public int Width => Console.BufferWidth is > 0 and var width ? width : 80;

        public int Height => Console.WindowHeight is > 0 and var height ? height : 24;

        public void SetEncoding(Encoding encoding)
        {
        }
    }

    // System.Progress would report from the thread pool, out of order.
    private sealed class ProgressTo(Action<double> report) : IProgress<TensorProgress>
    {
        public void Report(TensorProgress value) => report(value.BytesDone);
    }
}
