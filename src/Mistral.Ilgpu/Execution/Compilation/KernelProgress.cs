namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>How far a device's kernels are that had to be compiled, for they were not kept from an earlier run.</summary>
/// <param name="Ready">Kernels that can be launched without delay.</param>
/// <param name="Total">Kernels that are known to be needed so far.</param>
internal readonly record struct KernelProgress(int Ready, int Total);
