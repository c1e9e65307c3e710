using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary>
/// hidden[t, d] = table[id of token t, d].
/// table: vocabulary × stride; hidden: tokens × stride, float32. Work is shared by element.
/// </summary>
public readonly record struct Embed<TFormat, TElement>(
    StepState State,
    ArrayView<TElement> Table,
    ArrayView<float> Hidden,
    int Columns,
    int Stride) : ISharedKernel
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        long count = (long)State.TokenCount * Columns;
        for (long i = share.First; i < count; i += share.Count)
        {
            int token = (int)(i / Columns);
            int column = (int)(i % Columns);
            int id = State.Id(token);
            float value = TFormat.Decode(Table[((long)id * Stride) + column]);
            Hidden[((long)token * Stride) + column] = TFormat.Scaled(value, Table, Stride, id);
        }
    }
}
