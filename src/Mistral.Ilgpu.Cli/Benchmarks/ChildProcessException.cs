using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>A process of ours ended badly and has said why.</summary>
internal sealed class ChildProcessException(int exitCode) : Exception($"ended with {exitCode}")
{
    public int ExitCode => exitCode;
}
