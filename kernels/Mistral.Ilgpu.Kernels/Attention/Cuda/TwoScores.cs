using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>Those for twice as many tiles.</summary>
public struct TwoScores<TScores> : ITensorScores
    where TScores : struct, ITensorScores
{
    private TScores _first;
    private TScores _second;

    static int ITensorScores.Tiles
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2 * TScores.Tiles;
    }

    private static int Keys
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TScores.Tiles * TileLayout.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Score<THead>(ref THead head, uint keys)
        where THead : struct, ITensorHead
    {
        (_first, _second) = (default, default);
        _first.Score(ref head, keys);
        _second.Score(ref head, keys + (uint)(TScores.Tiles * TensorTiles<THead>.TileBytes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Mask(int topFirst, int topLast, int bottomFirst, int bottomLast)
    {
        _first.Mask(topFirst, topLast, bottomFirst, bottomLast);
        _second.Mask(topFirst - Keys, topLast - Keys, bottomFirst - Keys, bottomLast - Keys);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float TopMax() => IntrinsicMath.Max(_first.TopMax(), _second.TopMax());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float BottomMax() => IntrinsicMath.Max(_first.BottomMax(), _second.BottomMax());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Exponentiate(float topMax, float bottomMax)
    {
        _first.Exponentiate(topMax, bottomMax);
        _second.Exponentiate(topMax, bottomMax);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float TopSum() => _first.TopSum() + _second.TopSum();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float BottomSum() => _first.BottomSum() + _second.BottomSum();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddTo<THead>(ref THead head, uint values, uint swizzle)
        where THead : struct, ITensorHead
    {
        _first.AddTo(ref head, values, swizzle);
        _second.AddTo(ref head, values + (uint)(TScores.Tiles * TensorTiles<THead>.TileBytes), swizzle);
    }
}
