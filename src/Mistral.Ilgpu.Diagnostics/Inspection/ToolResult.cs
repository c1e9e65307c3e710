namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>What a program left: its exit code and all that it wrote.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error);
