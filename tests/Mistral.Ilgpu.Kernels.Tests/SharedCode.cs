using Mistral.Ilgpu.Diagnostics.Inspection;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>One <see cref="KernelCode"/> for all tests of a class.</summary>
public sealed class SharedCode : IDisposable
{
    internal KernelCode Code { get; } = new();

    public void Dispose() => Code.Dispose();
}
