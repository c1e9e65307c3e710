using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>Two activations, each as the sum of two 16-bit numbers.</summary>
internal readonly struct SplitPair(uint high, uint low)
{
    public readonly uint High = high;
    public readonly uint Low = low;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SplitPair Of<TTensor>(float first, float second)
        where TTensor : struct, ISplitFormat
    {
        uint high = TTensor.Pair(TTensor.Clamp(first), TTensor.Clamp(second));
        return new SplitPair(high, TTensor.Pair(first - TTensor.Low(high), second - TTensor.High(high)));
    }
}
