using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>Runs the current command line in another process, with some options changed.</summary>
internal static class ChildProcess
{
    /// <summary>Runs the command line and returns its standard output. Standard error is inherited.</summary>
    /// <param name="changed">Options and their new values.</param>
    /// <exception cref="ChildProcessException">The process did not exit with 0.</exception>
    public static string Run(ParseResult parse, params (string Option, string Value)[] changed)
    {
        var arguments = new List<string>();
        for (int i = 0; i < parse.Tokens.Count; i++)
        {
            if (parse.Tokens[i].Type == TokenType.Option && changed.Any(change => change.Option == parse.Tokens[i].Value))
            {
                // Skips the option's value, too.
                i++;
                continue;
            }

            arguments.Add(parse.Tokens[i].Value);
        }

        arguments.AddRange(changed.SelectMany(change => new[] { change.Option, change.Value }));
        string program = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "mistral"
            ? path
            : "dotnet";
        if (program == "dotnet")
        {
            arguments.Insert(0, Path.Combine(AppContext.BaseDirectory, "mistral.dll"));
        }

        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == ExitCode.Done ? output : throw new ChildProcessException(process.ExitCode);
    }
}
