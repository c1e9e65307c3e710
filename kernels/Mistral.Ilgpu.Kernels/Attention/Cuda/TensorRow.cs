using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>One query of a warp's 16, and where its output goes.</summary>
/// <param name="Exists">Whether there is such a query; if not, it is zeros and is not written.</param>
public readonly record struct TensorRow(
    ArrayView<float> Query, long QueryAt, ArrayView<float> Output, long OutputAt, int HeadDim, float Scale, bool Exists)
{
    /// <summary>Two neighbours, scaled.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Pair<TFormat>(int element)
        where TFormat : struct, ITensorFormat
    {
        // Loaded from where there is something in any case, so that no load waits for a branch or for another.
        bool exists = Exists && element < HeadDim;
        var pair = Query.Cast<Floats2>()[(QueryAt + IntrinsicMath.Min(element, HeadDim - 2)) / 2];
        float low = exists ? pair.A * Scale : 0;
        float high = exists ? pair.B * Scale : 0;
        return TFormat.Pair(low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<TOutput>(int element, float first, float second)
        where TOutput : struct, IAttendOutput
    {
        if (Exists && element < HeadDim)
        {
            TOutput.Write(Output, OutputAt + element, first, second);
        }
    }

    /// <summary>Leaves the largest score and the sum of the weights behind the elements, for <see cref="MergeSplits"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteTail(float max, float sum)
    {
        if (Exists)
        {
            FloatOutput.Write(Output, OutputAt + HeadDim, max, sum);
        }
    }
}
