using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>This very command line in a process of its own, with some options changed.</summary>
internal static class ChildProcess
{
    /// <summary>Runs it, its standard error being ours, and returns what it wrote to standard output.</summary>
    /// <param name="changed">Options and the values that they have instead.</param>
    /// <exception cref="ChildProcessException">It did not end well.</exception>
    public static string Run(ParseResult parse, params (string Option, string Value)[] changed)
    {
        var arguments = new List<string>();
        for (int i = 0; i < parse.Tokens.Count; i++)
        {
            if (parse.Tokens[i].Type == TokenType.Option && changed.Any(change => change.Option == parse.Tokens[i].Value))
            {
                // And its value.
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
