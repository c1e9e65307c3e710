using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// Random weights, element by element, see <see cref="RandomBits.Value"/>. Weights: rows × stride, of which columns are filled.
/// First is the number of the first element in its tensor. Work is shared by element.
/// </summary>
public readonly record struct FillRandomElements<TFormat, TElement>(
    ArrayView<TElement> Weights,
    int Columns,
    int Stride,
    long First,
    uint Key,
    float Amplitude) : ISharedKernel
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        long count = Weights.Length / Stride * Columns;
        for (long i = share.First; i < count; i += share.Count)
        {
            Weights[(i / Columns * Stride) + (i % Columns)] = TFormat.Encode(RandomBits.Value(Key, (uint)(First + i), Amplitude));
        }
    }
}
