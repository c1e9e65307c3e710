using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// A warp's 16 queries and their outputs over the elements of a head, all in registers. A head is built of
/// <see cref="HeadRun{TFormat}"/>s by doubling, so that the compiler writes out every loop over its elements.
/// </summary>
public interface ITensorHead
{
    /// <summary>Elements that there is room for; a head may have fewer.</summary>
    static abstract int Size { get; }

    /// <summary>Two numbers in the format that tensor cores multiply.</summary>
    static abstract uint Pair(float low, float high);

    /// <summary>Rounds the queries' elements from <paramref name="element"/> on, and clears the outputs.</summary>
    void Begin(in TensorRow top, in TensorRow bottom, int element);

    /// <summary>Adds the products of queries and 16 keys to their scores.</summary>
    /// <param name="keys">Where the lane finds its 16 bytes of the keys' elements from <paramref name="element"/> on.</param>
    void Score(ref KeyScores scores, uint keys, int element);

    /// <summary>Multiplies the outputs of the rows of the upper and of the lower half.</summary>
    void Scale(float top, float bottom);

    /// <summary>outputs += weights × values, of 16 positions.</summary>
    /// <param name="values">The row of values that is the lane's to name.</param>
    /// <param name="swizzle">What tells where in it an element's 16 bytes lie, see <see cref="TensorTiles{THead}"/>.</param>
    void Add(uint weightA, uint weightB, uint weightC, uint weightD, uint values, uint swizzle, int element);

    void Write(in TensorRow top, in TensorRow bottom, float topFactor, float bottomFactor, int element);

    /// <summary>Leaves the outputs in shared memory for another warp's same lanes.</summary>
    void Save(uint to, int element);

    /// <summary>Adds what another warp left.</summary>
    void AddSaved(uint from, float top, float bottom, int element);
}

/// <summary>Where the queries of a block are.</summary>
/// <param name="At">Of the first token's first head.</param>
public readonly record struct TensorQueries(ArrayView<float> View, long At, int TokenStride, int HeadStride);

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
        var pair = Query.Cast<Float2>()[(QueryAt + IntrinsicMath.Min(element, HeadDim - 2)) / 2];
        float low = exists ? pair.A * Scale : 0;
        float high = exists ? pair.B * Scale : 0;
        return TFormat.Pair(low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(int element, float first, float second)
    {
        if (element < HeadDim)
        {
            WriteAt(element, first, second);
        }
    }

    /// <summary>Leaves the largest score and the sum of the weights behind the elements, for <see cref="MergeSplits"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteTail(float max, float sum) => WriteAt(HeadDim, max, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteAt(int element, float first, float second)
    {
        if (Exists)
        {
            Output[OutputAt + element] = first;
            Output[OutputAt + element + 1] = second;
        }
    }
}

/// <summary>16 elements of a head: four registers of queries, eight of outputs.</summary>
public struct HeadRun<TFormat> : ITensorHead
    where TFormat : struct, ITensorFormat
{
    private uint _a, _b, _c, _d;
    private float _lowA, _lowB, _lowC, _lowD;
    private float _highA, _highB, _highC, _highD;

    static int ITensorHead.Size
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 16;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint ITensorHead.Pair(float low, float high) => TFormat.Pair(low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(in TensorRow top, in TensorRow bottom, int element)
    {
        int column = element + TensorLane.Column;
        _a = top.Pair<TFormat>(column);
        _b = bottom.Pair<TFormat>(column);
        _c = top.Pair<TFormat>(column + 8);
        _d = bottom.Pair<TFormat>(column + 8);
        (_lowA, _lowB, _lowC, _lowD) = (0, 0, 0, 0);
        (_highA, _highB, _highC, _highD) = (0, 0, 0, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Score(ref KeyScores scores, uint keys, int element)
    {
        var columns = TensorShared.LoadColumns(keys + (uint)(element * KeyScores.RowBytes));
        TFormat.MultiplyAdd(
            ref scores.LowA, ref scores.LowB, ref scores.LowC, ref scores.LowD, _a, _b, _c, _d, columns.A, columns.B);
        TFormat.MultiplyAdd(
            ref scores.HighA, ref scores.HighB, ref scores.HighC, ref scores.HighD, _a, _b, _c, _d, columns.C, columns.D);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(float top, float bottom)
    {
        (_lowA, _lowB, _lowC, _lowD) = (_lowA * top, _lowB * top, _lowC * bottom, _lowD * bottom);
        (_highA, _highB, _highC, _highD) = (_highA * top, _highB * top, _highC * bottom, _highD * bottom);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(uint weightA, uint weightB, uint weightC, uint weightD, uint values, uint swizzle, int element)
    {
        var columns = TensorShared.LoadColumns(values + (swizzle ^ (uint)(element * sizeof(ushort))));
        TFormat.MultiplyAdd(ref _lowA, ref _lowB, ref _lowC, ref _lowD, weightA, weightB, weightC, weightD, columns.A, columns.B);
        TFormat.MultiplyAdd(
            ref _highA, ref _highB, ref _highC, ref _highD, weightA, weightB, weightC, weightD, columns.C, columns.D);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(in TensorRow top, in TensorRow bottom, float topFactor, float bottomFactor, int element)
    {
        int column = element + TensorLane.Column;
        top.Write(column, _lowA * topFactor, _lowB * topFactor);
        top.Write(column + 8, _highA * topFactor, _highB * topFactor);
        bottom.Write(column, _lowC * bottomFactor, _lowD * bottomFactor);
        bottom.Write(column + 8, _highC * bottomFactor, _highD * bottomFactor);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Save(uint to, int element)
    {
        uint at = to + (uint)(element / 2 * TensorLane.SlotBytes);
        TensorShared.Store(at, _lowA);
        TensorShared.Store(at + TensorLane.SlotBytes, _lowB);
        TensorShared.Store(at + (2 * TensorLane.SlotBytes), _lowC);
        TensorShared.Store(at + (3 * TensorLane.SlotBytes), _lowD);
        TensorShared.Store(at + (4 * TensorLane.SlotBytes), _highA);
        TensorShared.Store(at + (5 * TensorLane.SlotBytes), _highB);
        TensorShared.Store(at + (6 * TensorLane.SlotBytes), _highC);
        TensorShared.Store(at + (7 * TensorLane.SlotBytes), _highD);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddSaved(uint from, float top, float bottom, int element)
    {
        uint at = from + (uint)(element / 2 * TensorLane.SlotBytes);
        _lowA += TensorShared.Load(at) * top;
        _lowB += TensorShared.Load(at + TensorLane.SlotBytes) * top;
        _lowC += TensorShared.Load(at + (2 * TensorLane.SlotBytes)) * bottom;
        _lowD += TensorShared.Load(at + (3 * TensorLane.SlotBytes)) * bottom;
        _highA += TensorShared.Load(at + (4 * TensorLane.SlotBytes)) * top;
        _highB += TensorShared.Load(at + (5 * TensorLane.SlotBytes)) * top;
        _highC += TensorShared.Load(at + (6 * TensorLane.SlotBytes)) * bottom;
        _highD += TensorShared.Load(at + (7 * TensorLane.SlotBytes)) * bottom;
    }
}

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
    public void Write(in TensorRow top, in TensorRow bottom, float topFactor, float bottomFactor, int element)
    {
        _first.Write(top, bottom, topFactor, bottomFactor, element);
        _second.Write(top, bottom, topFactor, bottomFactor, element + TPart.Size);
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
