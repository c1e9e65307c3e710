using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>Writes float32.</summary>
public readonly struct FloatOutput : IAttendOutput
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ArrayView<float> output, long at, float first, float second)
    {
        output[at] = first;
        output[at + 1] = second;
    }
}
