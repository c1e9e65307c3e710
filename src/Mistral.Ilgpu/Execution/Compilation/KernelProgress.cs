namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>Progress of the kernels that must be compiled, because the cache does not have them.</summary>
/// <param name="Ready">Kernels that can be launched without delay.</param>
/// <param name="Total">Kernels that are known to be needed so far.</param>
internal readonly record struct KernelProgress(int Ready, int Total);
