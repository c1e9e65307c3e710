using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary><see cref="GateWithSilu"/> of prompts, in 16 bits, as <see cref="Inputs.RoundInput{TTensor}"/> makes them of
/// float32.</summary>
public readonly struct GateRounded<TTensor> : IEpilogue
    where TTensor : struct, ISplitFormat
{
    static bool IEpilogue.IsGated => true;

    static int IEpilogue.RoundsAhead => GateWithSilu.RoundsAhead;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float IEpilogue.Combine(float current, float product, float second) => GateWithSilu.Combine(current, product, second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float IEpilogue.CombineOnCuda(float current, float product, float second) =>
        GateWithSilu.CombineOnCuda(current, product, second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IEpilogue.Write(ArrayView<float> output, long at, float value) =>
        output.Cast<ushort>()[at] = (ushort)RoundedPair.Of<TTensor>(value, 0);
}
