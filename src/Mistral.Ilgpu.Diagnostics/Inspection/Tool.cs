using System.Diagnostics;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>Finds and runs programs of other makers.</summary>
internal static class Tool
{
    /// <summary>The folders of PATH, in its order.</summary>
    public static IEnumerable<string> PathFolders => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The path of a program; null if PATH has none.</summary>
    public static string? Find(string program) => PathFolders
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? $"{program}.exe" : program))
        .FirstOrDefault(File.Exists);

    /// <summary>Runs a program until it ends.</summary>
    /// <param name="input">What it reads from its standard input; null to leave that as it is.</param>
    /// <param name="folder">Where it runs; null for the current folder.</param>
    public static ToolResult Run(string program, IEnumerable<string> arguments, string? input = null, string? folder = null)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = input is not null, RedirectStandardOutput = true, RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (input is not null)
        {
            Write(process, input);
        }

        process.WaitForExit();
        return new ToolResult(process.ExitCode, output.Result, error.Result);
    }

    private static void Write(Process process, string input)
    {
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended before it read all, and its exit code says why.
        }
    }
}
