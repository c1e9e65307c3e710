using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>Heads of four runs.</summary>
public struct TwoRunPairs : IQuantHead
{
    private const int PairRuns = 2;

    private RunPair _first;
    private RunPair _second;

    static int IQuantHead.Runs
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2 * PairRuns;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(uint queries, uint scales)
    {
        (_first, _second) = (default, default);
        _first.Begin(queries, scales);
        _second.Begin(queries + (PairRuns * QuantRun.QueryBytes), scales + (PairRuns * sizeof(float)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Score(ref QuantScores scores, uint keys, uint scales)
    {
        _first.Score(ref scores, keys, scales);
        _second.Score(ref scores, keys + (PairRuns * QuantRun.KeyBytes), scales + (PairRuns * QuantRun.KeyScaleBytes));
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
        _first.Add(even, odd, values, scales, scaleBytes);
        _second.Add(even, odd, values + (PairRuns * TileLayout.Run), scales + (PairRuns * sizeof(ushort)), scaleBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Save(uint first, uint second, float firstFactor, float secondFactor)
    {
        const int PairBytes = PairRuns * TileLayout.Run * sizeof(float);
        _first.Save(first, second, firstFactor, secondFactor);
        _second.Save(first + PairBytes, second + PairBytes, firstFactor, secondFactor);
    }
}
