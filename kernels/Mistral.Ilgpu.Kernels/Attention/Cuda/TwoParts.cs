using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>Twice as much of a head.</summary>
public struct TwoParts<TPart> : ITensorHead
    where TPart : struct, ITensorHead
{
    private TPart _first;
    private TPart _second;

    static int ITensorHead.Size
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2 * TPart.Size;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint ITensorHead.Pair(float low, float high) => TPart.Pair(low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(in TensorRow top, in TensorRow bottom, int element)
    {
        (_first, _second) = (default, default);
        _first.Begin(top, bottom, element);
        _second.Begin(top, bottom, element + TPart.Size);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Score(ref KeyScores scores, uint keys, int element)
    {
        _first.Score(ref scores, keys, element);
        _second.Score(ref scores, keys, element + TPart.Size);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(float top, float bottom)
    {
        _first.Scale(top, bottom);
        _second.Scale(top, bottom);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(uint weightA, uint weightB, uint weightC, uint weightD, uint values, uint swizzle, int element)
    {
        _first.Add(weightA, weightB, weightC, weightD, values, swizzle, element);
        _second.Add(weightA, weightB, weightC, weightD, values, swizzle, element + TPart.Size);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<TOutput>(in TensorRow top, in TensorRow bottom, float topFactor, float bottomFactor, int element)
        where TOutput : struct, IAttendOutput
    {
        _first.Write<TOutput>(top, bottom, topFactor, bottomFactor, element);
        _second.Write<TOutput>(top, bottom, topFactor, bottomFactor, element + TPart.Size);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Save(uint to, int element)
    {
        _first.Save(to, element);
        _second.Save(to, element + TPart.Size);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddSaved(uint from, float top, float bottom, int element)
    {
        _first.AddSaved(from, top, bottom, element);
        _second.AddSaved(from, top, bottom, element + TPart.Size);
    }
}
