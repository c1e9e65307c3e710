using ILGPU;
using ILGPU.Algorithms;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// <see cref="RmsNormGroup"/> for CUDA: items read four columns at once, warps add by shuffles, and every item adds the warps' shares in
/// their order. The columns must be a multiple of four. Group size: a multiple of 32 up to <see cref="GroupReduce.MaxGroupSize"/>.
/// </summary>
[GroupForm]
[CudaForm(70)]
public readonly record struct RmsNormWarp(
    StepState State,
    ArrayView<Float4> Input,
    ArrayView<Float4> Gain,
    ArrayView<Float4> Output,
    int Columns,
    int Stride,
    float Epsilon,
    RowRange Rows) : IKernel
{
    /// <summary>Columns that an item reads at once.</summary>
    public const int PerItem = 4;

    private const int WarpSize = 32;

    public void Execute()
    {
        var shares = SharedMemory.Allocate<float>(GroupReduce.MaxGroupSize / WarpSize);
        int row = Rows.First(State) + Grid.IdxX;
        long from = (long)Rows.Token(State, row) * (Stride / PerItem);
        long to = (long)row * (Stride / PerItem);
        float sum = 0;
        for (int i = Group.IdxX; i < Columns / PerItem; i += Group.DimX)
        {
            var x = Input[from + i];
            sum += (x.A * x.A) + (x.B * x.B) + ((x.C * x.C) + (x.D * x.D));
        }

        for (int half = WarpSize / 2; half > 0; half /= 2)
        {
            sum += Warp.ShuffleXor(sum, half);
        }

        if (Group.IdxX % WarpSize == 0)
        {
            shares[Group.IdxX / WarpSize] = sum;
        }

        Group.Barrier();
        sum = 0;
        for (int warp = 0; warp < Group.DimX / WarpSize; warp++)
        {
            sum += shares[warp];
        }

        float scale = 1 / XMath.Sqrt((sum / Columns) + Epsilon);
        for (int i = Group.IdxX; i < Columns / PerItem; i += Group.DimX)
        {
            var x = Input[from + i];
            var gain = Gain[i];
            Output[to + i] = new Float4
            {
                A = x.A * scale * gain.A, B = x.B * scale * gain.B, C = x.C * scale * gain.C, D = x.D * scale * gain.D,
            };
        }
    }
}
