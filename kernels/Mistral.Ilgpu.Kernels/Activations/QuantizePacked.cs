using ILGPU;
using ILGPU.Algorithms;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// <see cref="QuantizeInput"/> for CUDA, four quants to an int: for each run of 32, scale = max |x| / 127 and q = round(x / scale).
/// x: tokens × inputStride; q: tokens × columns, columns a multiple of 32; of the pass's rows those of Tokens.
/// A lane takes four neighbours, eight lanes a run, and what a run has in common goes by shuffles. The grid has a thread for every four.
/// </summary>
[CudaForm(70, GroupSize = WarpRows.GroupSize)]
public readonly record struct QuantizePacked(
    StepState State,
    ArrayView<float> Input,
    PackedInput Output,
    int InputStride,
    RowRange Tokens) : IKernel
{
    private const int Values = 4;

    public void Execute()
    {
        int first = Tokens.First(State);
        int perToken = Output.Stride / Values;
        long count = (long)(Tokens.End(State) - first) * perToken;
        if (count <= 0)
        {
            return;
        }

        // Lanes past the end repeat the last one: shuffles want every lane, and whole runs are past the end.
        long item = WorkItems.First;
        long source = IntrinsicMath.Min(item, count - 1);
        long token = first + (source / perToken);
        int within = (int)(source % perToken);
        var x = Input.SubView(token * InputStride, InputStride).Cast<Float4>()[within];
        float max = IntrinsicMath.Max(IntrinsicMath.Max(XMath.Abs(x.A), XMath.Abs(x.B)), IntrinsicMath.Max(XMath.Abs(x.C), XMath.Abs(x.D)));
        max = IntrinsicMath.Max(max, Warp.ShuffleXor(max, 1));
        max = IntrinsicMath.Max(max, Warp.ShuffleXor(max, 2));
        max = IntrinsicMath.Max(max, Warp.ShuffleXor(max, 4));
        float scale = max / 127;
        float inverse = Int8Rounding.Inverse(scale);
        var (a, b, c, d) = (Int8Rounding.Round(x.A, inverse), Int8Rounding.Round(x.B, inverse), Int8Rounding.Round(x.C, inverse), Int8Rounding.Round(x.D, inverse));
        int low = a + b + c + d;
        low += Warp.ShuffleXor(low, 1);
        low += Warp.ShuffleXor(low, 2);
        int high = Warp.ShuffleXor(low, 4);
        if (item < count)
        {
            Output.Values[(token * perToken) + within] = (uint)((a & 255) | ((b & 255) << 8) | ((c & 255) << 16) | (d << 24));
            if ((within & 7) == 0)
            {
                Output.Runs[(token * (Output.Stride / BlockRun.Length)) + (within >> 3)] = new Float4 { A = scale, B = scale * low, C = scale * high };
            }
        }
    }
}
