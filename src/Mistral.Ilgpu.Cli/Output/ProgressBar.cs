using System.Globalization;
using System.Text;
using Mistral.Ilgpu.Execution.Compilation;
using Spectre.Console;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>Draws a progress bar on standard error if a person watches it.</summary>
internal static class ProgressBar
{
    /// <summary>Draws a bar during some work.</summary>
    /// <param name="total">The progress at the end of the work.</param>
    /// <param name="work">Receives a method that reports progress, from any thread.</param>
    public static T Run<T>(Narrator narrator, string title, double total, Func<Action<double>, T> work)
    {
        if (!narrator.ShowsProgress)
        {
            return work(_ => { });
        }

        return CreateConsole(narrator).Progress().AutoClear(true).Start(context =>
        {
            var task = context.AddTask(Markup.Escape(title), maxValue: total);
            return work(done => task.Value = done);
        });
    }

    /// <summary>Draws a bar over the bytes of a model.</summary>
    public static T OverTensors<T>(Narrator narrator, string title, long totalBytes, Func<IProgress<TensorProgress>, T> work) =>
        Run(narrator, title, totalBytes, report => work(new ProgressTo<TensorProgress>(progress => report(progress.BytesDone))));

    /// <summary>
    /// Draws bars while a model is loaded to a device: for the kernels that must be compiled, if any, and for the bytes of its
    /// weights.
    /// Without bars, one line states that kernels are compiled.
    /// </summary>
    public static T OverLoading<T>(
        Narrator narrator, string title, long totalBytes, Func<IProgress<TensorProgress>, IProgress<KernelProgress>, T> work)
    {
        const string Compiling = "compiling kernels, once";
        if (!narrator.ShowsProgress)
        {
            int told = 0;
            return work(new ProgressTo<TensorProgress>(_ => { }), new ProgressTo<KernelProgress>(_ =>
            {
                if (Interlocked.Exchange(ref told, 1) == 0)
                {
                    narrator.Say($"{Compiling}");
                }
            }));
        }

        return CreateConsole(narrator).Progress().AutoClear(true).Start(context =>
        {
            // Each bar is started by the thread that reports first.
            var kernels = new Lazy<ProgressTask>(() => context.AddTask(Compiling));
            var tensors = new Lazy<(ProgressTask Task, LoadSpeed Speed)>(
                () => (context.AddTask(Markup.Escape(title), maxValue: totalBytes), new LoadSpeed(totalBytes)));
            return work(
                new ProgressTo<TensorProgress>(progress =>
                {
                    var (task, speed) = tensors.Value;
                    task.Description = Markup.Escape($"{title}: {speed.Text(progress.BytesDone)}");
                    task.Value = progress.BytesDone;
                }),
                new ProgressTo<KernelProgress>(progress =>
                {
                    var task = kernels.Value;
                    task.Description = string.Create(
                        CultureInfo.InvariantCulture, $"{Compiling}: {progress.Ready} of {progress.Total}");
                    (task.MaxValue, task.Value) = (progress.Total, progress.Ready);
                }));
        });
    }

    /// <summary>Draws a bar over the tokens of a prompt that takes more than one chunk.</summary>
    /// <param name="work">Receives what to report the tokens read to, and of how many, from any thread.</param>
    public static T OverPrompt<T>(Narrator narrator, int chunk, int tokens, Func<Action<int, int>, T> work) =>
        !narrator.ShowsProgress || tokens <= chunk
        ? work((_, _) => { })
        : CreateConsole(narrator).Progress().AutoClear(true).Start(context =>
        {
            var task = context.AddTask("reading the prompt", maxValue: tokens);
            Report(0, tokens);
            return work(Report);

            void Report(int read, int of)
            {
                task.Description = string.Create(CultureInfo.InvariantCulture, $"reading the prompt: {read:N0} of {of:N0}");
                task.Value = read;
            }
        });

    /// <summary>Draws a bar over the bytes of a download, with its speed.</summary>
    /// <param name="work">Receives what to report the bytes done to, and of how many, from any thread.</param>
    public static T OverDownload<T>(Narrator narrator, string title, Func<Action<long, long>, T> work) =>
        !narrator.ShowsProgress
        ? work((_, _) => { })
        : CreateConsole(narrator).Progress().AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new TransferSpeedColumn(),
                new RemainingTimeColumn())
            .Start(context =>
            {
                var task = context.AddTask(Markup.Escape(title));
                return work((done, total) => (task.MaxValue, task.Value) = (Math.Max(1, total), done));
            });

    private static IAnsiConsole CreateConsole(Narrator narrator) =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new ErrorConsole(narrator.Terminal) });

    // Spectre accepts only the console's own writer as a terminal.
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
    private sealed class ProgressTo<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
