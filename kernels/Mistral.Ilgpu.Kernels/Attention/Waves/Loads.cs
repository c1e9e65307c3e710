using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// Where the loads before must have begun. AMD's compiler otherwise moves each load to where it is used, to save registers. Then
/// few are on their way at once.
/// </summary>
internal static class Loads
{
    [Bodies(Cuda = nameof(BegunOnCuda)), Wave("wave_loads_begun();"), IntrinsicImplementation]
    public static void Begun()
    {
    }

    public static void BegunOnCuda()
    {
    }
}
