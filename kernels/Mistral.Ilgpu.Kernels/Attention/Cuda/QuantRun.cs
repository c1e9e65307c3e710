using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// A run of the heads that a warp attends for. A query has 16 bits in two bytes: that of head g is row g, the upper bytes,
/// and row g + 8, what they leave, of one matrix of bytes. So a multiplication of keys takes both. Values are brought to IEEE
/// halves, exactly. Their scales are in the weights.
/// </summary>
internal struct QuantRun
{
    /// <summary>Bytes of the keys of a run.</summary>
    public const int KeyBytes = TileLayout.Run * TileLayout.Length;

    /// <summary>Bytes of the scales of a run's keys.</summary>
    public const int KeyScaleBytes = TileLayout.Length * sizeof(ushort);

    /// <summary>Bytes of a head's queries of a run.</summary>
    public const int QueryBytes = 2 * TileLayout.Run;

    // Bytes of sixteen elements of outputs.
    private const int HalfBytes = TileLayout.Run / 2 * sizeof(float);

    private Pack _queries;
    private float _scale;

    // Sixteen elements, and the next: of the lane's two heads each, two neighbours.
    private float _lowA, _lowB, _lowC, _lowD;
    private float _highA, _highB, _highC, _highD;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(uint queries, uint scale)
    {
        _queries = TensorShared.LoadPack(queries);
        _scale = TensorShared.Load(scale);
        (_lowA, _lowB, _lowC, _lowD) = (0, 0, 0, 0);
        (_highA, _highB, _highC, _highD) = (0, 0, 0, 0);
    }

    // A load brings two neighbouring elements of two neighbouring keys. The bytes of the even keys become one factor, those of
    // the odd keys another. So a lane has elements 2t, 2t + 1, 2t + 8, 2t + 9 and those 16 on, of keys 2g and 2g + 1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Score(ref QuantScores scores, uint keys, uint scales)
    {
        var elements = TensorShared.LoadColumns(keys);
        var even = ByteFactors.Products(
            _queries, ByteFactors.Even(elements.A, elements.B), ByteFactors.Even(elements.C, elements.D));
        var odd = ByteFactors.Products(
            _queries, ByteFactors.Odd(elements.A, elements.B), ByteFactors.Odd(elements.C, elements.D));
        var (low, high) = TensorShared.LoadTwoWords(scales);
        scores.A = Fused.MultiplyAdd(Float16Tensor.Low(low) * _scale, even.A, scores.A);
        scores.B = Fused.MultiplyAdd(Float16Tensor.High(low) * _scale, odd.A, scores.B);
        scores.C = Fused.MultiplyAdd(Float16Tensor.Low(high) * _scale, even.B, scores.C);
        scores.D = Fused.MultiplyAdd(Float16Tensor.High(high) * _scale, odd.B, scores.D);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(float first, float second)
    {
        (_lowA, _lowB, _lowC, _lowD) = (_lowA * first, _lowB * second, _lowC * first, _lowD * second);
        (_highA, _highB, _highC, _highD) = (_highA * first, _highB * second, _highC * first, _highD * second);
    }

    /// <param name="even">Weights of the even positions, times the scales of their values.</param>
    /// <param name="odd">Of the odd ones.</param>
    /// <param name="values">The lane's 16 bytes of the row that is the lane's to name.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(uint even, uint odd, uint values)
    {
        // Even positions, then odd ones, of 16 elements, and of 16 more.
        var positions = TensorShared.LoadColumns(values);
        MultiplyAdd(ref _lowA, ref _lowB, ref _lowC, ref _lowD, positions.A, positions.B, even, odd);
        MultiplyAdd(ref _highA, ref _highB, ref _highC, ref _highD, positions.C, positions.D, even, odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyAdd(
        ref float a, ref float b, ref float c, ref float d, uint evenValues, uint oddValues, uint even, uint odd)
    {
        evenValues = ByteFactors.Unsigned(evenValues);
        oddValues = ByteFactors.Unsigned(oddValues);
        Float16Tensor.MultiplyAdd(
            ref a, ref b, ref c, ref d, ByteFactors.LowHalves(evenValues), ByteFactors.HighHalves(evenValues),
            ByteFactors.LowHalves(oddValues), ByteFactors.HighHalves(oddValues), even, odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Save(uint first, uint second, float firstFactor, float secondFactor)
    {
        TensorShared.StorePair(first, _lowA * firstFactor, _lowC * firstFactor);
        TensorShared.StorePair(second, _lowB * secondFactor, _lowD * secondFactor);
        TensorShared.StorePair(first + HalfBytes, _highA * firstFactor, _highC * firstFactor);
        TensorShared.StorePair(second + HalfBytes, _highB * secondFactor, _highD * secondFactor);
    }
}
