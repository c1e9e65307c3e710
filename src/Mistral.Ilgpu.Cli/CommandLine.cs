using System.CommandLine;
using System.CommandLine.Help;
using ILGPU.Runtime;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Cli.Benchmarks;
using Mistral.Ilgpu.Cli.Commands;
using Mistral.Ilgpu.Cli.Hub;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Cli;

/// <summary>
/// The command <c>mistral</c>. Parses arguments, runs a command, and reports an error as one line and an exit code.
/// </summary>
internal static class CommandLine
{
    // A prompt can begin with @, which must not name a response file. And -not must not be parsed as three options.
    public static ParserConfiguration Parser { get; } = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false };

    public static int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        try
        {
            var parse = Root(terminal).Parse(args, Parser);
            if (ParseProblem.Of(parse, args) is { } problem)
            {
                throw new UsageException(problem);
            }

            int code = parse.Invoke(new InvocationConfiguration
            {
                Output = terminal.Out,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
            if (parse.Action is HelpAction)
            {
                ExampleCommand.Write(parse.CommandResult.Command, terminal.Out);
            }

            terminal.Out.Flush();
            return code == ExitCode.Interrupted ? terminal.Interruption ?? code : code;
        }
        catch (ReaderGoneException)
        {
            return ExitCode.Done;
        }
        catch (ChildProcessException exception)
        {
            return exception.ExitCode;
        }
        catch (Exception exception)
        {
            return Report(
                exception, terminal, args.Any(argument => argument is OutputOptions.Verbose or OutputOptions.VerboseShort));
        }
    }

    public static RootCommand Root(Terminal terminal)
    {
        return new RootCommand("Runs Mistral language models on CUDA, OpenCL and the CPU.")
        {
            GenerateCommand.Create(terminal),
            ChatCommand.Create(terminal),
            ServeCommand.Create(terminal),
            ScoreCommand.Create(terminal),
            TokenizeCommand.Create(terminal),
            InspectCommand.Create(terminal),
            ConvertCommand.Create(terminal),
            PullCommand.Create(terminal),
            BenchCommand.Create(terminal),
            ProfileCommand.Create(terminal),
            DevicesCommand.Create(terminal),
            KernelsCommand.Create(terminal),
            CompletionCommand.Create(terminal),
        };
    }

    internal static int Report(Exception exception, Terminal terminal, bool isVerbose)
    {
        var (code, message) = exception switch
        {
            // The signal may also have reached a compiler that the driver started, which is not a fault of the driver.
            DeviceException or AcceleratorException when terminal.Interruption is { } interruption =>
                (interruption, "interrupted"),
            UsageException => (ExitCode.Usage, exception.Message),
            ContextFullException => (ExitCode.Usage, $"{exception.Message} (--context)"),
            ModelMemoryException memory => (ExitCode.Device, MemoryAdvice.Text(memory)),
            DeviceException or CacheFullException => (ExitCode.Device, exception.Message),
            AcceleratorException failure => (ExitCode.Device, $"the device failed: {ComputeDevice.Describe(failure)}"),
            ModelFileException or ChatFormatException or ResultException or HubException => (ExitCode.File, exception.Message),
            OperationCanceledException => (terminal.Interruption ?? ExitCode.Interrupted, "interrupted"),
            _ => (ExitCode.Fault, $"internal error: {exception.GetType().Name}: {exception.Message}"),
        };
        terminal.Error.WriteLine($"mistral: {message.ReplaceLineEndings(" ").Trim()}");
        if (isVerbose && exception is DeviceException { Details: { } details })
        {
            terminal.Error.WriteLine(details);
        }

        if (code == ExitCode.Fault && isVerbose)
        {
            terminal.Error.WriteLine(exception);
        }

        return code;
    }
}
