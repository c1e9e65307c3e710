using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// Activations to eight bits: for each run of 32, scale = max |x| / 127 and q = round(x / scale), see <see cref="Int8Input"/>.
/// x: tokens × inputStride; q: tokens × columns, columns a multiple of 32; of the pass's rows those of Tokens. Work is shared by run.
/// </summary>
public readonly record struct QuantizeInput(
    StepState State,
    ArrayView<float> Input,
    Int8Input Output,
    int InputStride,
    RowRange Tokens) : IKernel
{
    public void Execute()
    {
        int runs = Output.Stride / BlockRun.Length;
        long end = (long)Tokens.End(State) * runs;
        for (long run = ((long)Tokens.First(State) * runs) + WorkItems.First; run < end; run += WorkItems.Count)
        {
            var x = Input.SubView((run / runs * InputStride) + (run % runs * BlockRun.Length), BlockRun.Length);
            var q = Output.Values.SubView(run * BlockRun.Length, BlockRun.Length);
            float max = 0;
            for (int i = 0; i < BlockRun.Length; i++)
            {
                max = IntrinsicMath.Max(max, XMath.Abs(x[i]));
            }

            // A run of zeros has no scale; one so small that its inverse overflows rounds to zeros too.
            float scale = max / 127;
            float inverse = scale > 1e-37f ? 1 / scale : 0;
            int low = Round(x, q, 0, inverse);
            int high = Round(x, q, BlockRun.Half, inverse);
            Output.Runs[run] = new Float4 { A = scale, B = scale * low, C = scale * high };
        }
    }

    /// <summary>Quantizes half a run and sums its quants.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Round(ArrayView<float> x, ArrayView<int> q, int from, float inverse)
    {
        int sum = 0;
        for (int i = from; i < from + BlockRun.Half; i++)
        {
            float scaled = x[i] * inverse;
            int quant = (int)(scaled + (scaled < 0 ? -0.5f : 0.5f));
            q[i] = quant;
            sum += quant;
        }

        return sum;
    }
}
