using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="MatVecPacks{TFormat,TElement,TResult}"/> for few tokens and GPUs: one group per row and token, neighbouring items
/// read neighbouring 16-byte packs, and the shares meet in shared memory. Group size: a power of two up to
/// <see cref="GroupReduce.MaxGroupSize"/>.
/// </summary>
[GroupForm]
public readonly record struct MatVecGroup<TFormat, TElement, TResult>(
    ArrayView<TElement> Weights,
    ArrayView<float> Input,
    ArrayView<float> Output,
    int InputStride,
    int OutputStride) : IKernel
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
    where TResult : struct, IResult
{
    public void Execute()
    {
        var shared = SharedMemory.Allocate<float>(GroupReduce.MaxGroupSize);
        int row = Grid.IdxX;
        int packs = InputStride / TFormat.PerPack;
        var weights = Weights.Cast<Pack>();
        int token = Grid.IdxY;
        var x = Input.SubView((long)token * InputStride, InputStride).Cast<Floats4>();
        float sum = 0;
        for (int pack = Group.IdxX; pack < packs; pack += Group.DimX)
        {
            sum += TFormat.Dot(weights[((long)row * packs) + pack], x, pack);
        }

        sum = GroupReduce.Sum(shared, sum);
        if (Group.IdxX == 0)
        {
            long to = ((long)token * OutputStride) + row;
            Output[to] = TResult.Combine(Output[to], TFormat.Scaled(sum, Weights, InputStride, row));
        }
    }
}
