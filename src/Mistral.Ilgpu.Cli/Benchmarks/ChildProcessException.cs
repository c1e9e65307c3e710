using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>A child process failed and has written the reason.</summary>
internal sealed class ChildProcessException(int exitCode) : Exception($"ended with {exitCode}")
{
    public int ExitCode => exitCode;
}
