using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>
/// x / √(mean x² + ε) × gain, to the bit as <see cref="Rows.RmsNormWarp{TExtra}"/> stores it. The first
/// <see cref="GroupReduce.MaxGroupSize"/> items of a group add what that kernel's add. A product is rounded before anything is
/// added to it. Columns must be a multiple of four.
/// </summary>
public readonly record struct RmsNormed(ArrayView<Floats4> Gain, int Columns, float Epsilon)
{
    /// <summary>Columns that an item reads at once.</summary>
    public const int PerItem = 4;

    /// <summary>What the whole row is multiplied with. Every item of the group must call it, and all get the same.</summary>
    /// <param name="from">Where the row begins.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float ScaleOf(ArrayView<Floats4> input, long from)
    {
        var shares = SharedMemory.Allocate<float>(GroupReduce.MaxGroupSize / Wave.Size);
        int items = IntrinsicMath.Min(Group.DimX, GroupReduce.MaxGroupSize);
        float sum = 0;
        int fours = Group.IdxX < items ? Columns / PerItem : 0;
        int i = Group.IdxX;
        for (; i + (3 * items) < fours; i += 4 * items)
        {
            // Four loads wait for memory at the same time.
            var (a, b, c, d) = (
                input[from + i], input[from + i + items], input[from + i + (2 * items)], input[from + i + (3 * items)]);
            sum = AddSquares(AddSquares(AddSquares(AddSquares(sum, a), b), c), d);
        }

        for (; i < fours; i += items)
        {
            sum = AddSquares(sum, input[from + i]);
        }

        for (int half = Wave.Size / 2; half > 0; half /= 2)
        {
            sum += Warp.ShuffleXor(sum, half);
        }

        if (Wave.Index == 0 && Group.IdxX < items)
        {
            shares[Wave.Number] = sum;
        }

        Group.Barrier();
        sum = 0;
        for (int warp = 0; warp < items / Wave.Size; warp++)
        {
            sum += shares[warp];
        }

        return Hoisted.Of(1 / XMath.Sqrt((sum / Columns) + Epsilon));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float AddSquares(float sum, Floats4 x) =>
        Fused.MultiplyAdd(x.A, x.A, Fused.MultiplyAdd(x.B, x.B, Fused.MultiplyAdd(x.C, x.C, Fused.MultiplyAdd(x.D, x.D, sum))));

    /// <param name="i">Which four columns they are.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Floats4 Apply(Floats4 x, float scale, int i)
    {
        var gain = Gain[i];
        return new Floats4
        {
            A = Fused.Multiply(Fused.Multiply(x.A, scale), gain.A), B = Fused.Multiply(Fused.Multiply(x.B, scale), gain.B),
            C = Fused.Multiply(Fused.Multiply(x.C, scale), gain.C), D = Fused.Multiply(Fused.Multiply(x.D, scale), gain.D),
        };
    }
}
