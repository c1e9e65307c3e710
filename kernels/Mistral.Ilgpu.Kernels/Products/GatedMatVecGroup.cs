using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware;
using Mistral.Ilgpu.Kernels.Rows;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="GatedMatVecPacks{TFormat,TElement}"/> for few tokens and GPUs: one group per row and token, as in
/// <see cref="MatVecGroup{TFormat,TElement,TResult}"/>.
/// </summary>
[GroupForm]
public readonly record struct GatedMatVecGroup<TFormat, TElement>(
    ArrayView<TElement> Weights,
    ArrayView<float> Input,
    ArrayView<float> Output,
    int Rows,
    int InputStride,
    int OutputStride) : IKernel
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    public void Execute()
    {
        var shared = SharedMemory.Allocate<float>(GroupReduce.MaxGroupSize);
        int row = Grid.IdxX;
        int packs = InputStride / TFormat.PerPack;
        var weights = Weights.Cast<Pack>();
        int token = Grid.IdxY;
        var x = Input.SubView((long)token * InputStride, InputStride).Cast<Floats4>();
        float gate = 0;
        float up = 0;
        for (int pack = Group.IdxX; pack < packs; pack += Group.DimX)
        {
            gate += TFormat.Dot(weights[((long)row * packs) + pack], x, pack);
            up += TFormat.Dot(weights[((long)(Rows + row) * packs) + pack], x, pack);
        }

        gate = GroupReduce.Sum(shared, gate);
        up = GroupReduce.Sum(shared, up);
        if (Group.IdxX == 0)
        {
            gate = TFormat.Scaled(gate, Weights, InputStride, row);
            up = TFormat.Scaled(up, Weights, InputStride, (long)Rows + row);
            Output[((long)token * OutputStride) + row] = Gate.Silu(gate) * up;
        }
    }
}
