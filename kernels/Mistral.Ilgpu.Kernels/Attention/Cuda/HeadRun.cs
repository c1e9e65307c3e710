using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

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
    public void Write<TOutput>(in TensorRow top, in TensorRow bottom, float topFactor, float bottomFactor, int element)
        where TOutput : struct, IAttendOutput
    {
        int column = element + TensorLane.Column;
        top.Write<TOutput>(column, _lowA * topFactor, _lowB * topFactor);
        top.Write<TOutput>(column + 8, _highA * topFactor, _highB * topFactor);
        bottom.Write<TOutput>(column, _lowC * bottomFactor, _lowD * bottomFactor);
        bottom.Write<TOutput>(column + 8, _highC * bottomFactor, _highD * bottomFactor);
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
