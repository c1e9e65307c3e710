using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>Writes 16 bits, as <see cref="Inputs.RoundInput{TTensor}"/> makes them of float32.</summary>
public readonly struct RoundedOutput<TTensor> : IAttendOutput
    where TTensor : struct, ISplitFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IAttendOutput.Write(ArrayView<float> output, long at, float first, float second) =>
        output.Cast<uint>()[at / 2] = RoundedPair.Of<TTensor>(first, second);
}
