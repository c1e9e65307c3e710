using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>Heads of two runs. The scales of a position's two runs are one word.</summary>
public struct RunPair : IQuantHead
{
    private QuantRun _first;
    private QuantRun _second;

    static int IQuantHead.Runs
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(uint queries, uint scales)
    {
        (_first, _second) = (default, default);
        _first.Begin(queries, scales);
        _second.Begin(queries + QuantRun.QueryBytes, scales + sizeof(float));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Score(ref QuantScores scores, uint keys, uint scales)
    {
        _first.Score(ref scores, keys, scales);
        _second.Score(ref scores, keys + QuantRun.KeyBytes, scales + QuantRun.KeyScaleBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(float first, float second)
    {
        _first.Scale(first, second);
        _second.Scale(first, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(uint even, uint odd, uint values, uint scales, uint scaleBytes)
    {
        uint a = TensorShared.LoadWord(scales);
        uint b = TensorShared.LoadWord(scales + scaleBytes);
        uint c = TensorShared.LoadWord(scales + (2 * scaleBytes));
        uint d = TensorShared.LoadWord(scales + (3 * scaleBytes));
        _first.Add(
            ByteFactors.Multiply(even, ByteFactors.LowOfBoth(a, c)), ByteFactors.Multiply(odd, ByteFactors.LowOfBoth(b, d)), values);
        _second.Add(
            ByteFactors.Multiply(even, ByteFactors.HighOfBoth(a, c)), ByteFactors.Multiply(odd, ByteFactors.HighOfBoth(b, d)),
            values + TileLayout.Run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Save(uint first, uint second, float firstFactor, float secondFactor)
    {
        const int RunBytes = TileLayout.Run * sizeof(float);
        _first.Save(first, second, firstFactor, secondFactor);
        _second.Save(first + RunBytes, second + RunBytes, firstFactor, secondFactor);
    }
}
