using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Kernels.Hardware.Amd;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>What forms made of matrix cores need of a compiler.</summary>
internal static class MatrixCores
{
    private static readonly (Type Core, WaveFeatures Feature)[] Known =
    [
        (typeof(Wmma<>), WaveFeatures.Wmma), (typeof(Wmma12<>), WaveFeatures.Wmma12), (typeof(Mfma<>), WaveFeatures.Mfma),
    ];

    /// <summary>The feature that a form needs; none for a form without matrix cores.</summary>
    public static WaveFeatures NeededBy(KernelForm form) => form.Kernel.GetGenericArguments()
        .Where(argument => argument.IsGenericType)
        .SelectMany(argument => Known.Where(known => known.Core == argument.GetGenericTypeDefinition()))
        .Select(known => known.Feature).FirstOrDefault();
}
