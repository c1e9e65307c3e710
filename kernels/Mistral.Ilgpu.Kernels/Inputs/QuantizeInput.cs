using ILGPU;
using ILGPU.Algorithms;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>
/// Activations to eight bits: for each run of 32, scale = max |x| / 127 and q = round(x / scale), see <see cref="Int8Input"/>.
/// Shapes: x is tokens × inputStride; q is tokens × columns, columns a multiple of 32. Of the pass's rows it takes those of
/// Tokens. Work is shared by run.
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
            float max = 0;
            for (int i = 0; i < BlockRun.Length; i++)
            {
                max = IntrinsicMath.Max(max, XMath.Abs(x[i]));
            }

            float scale = max / 127;
            float inverse = Int8Rounding.Inverse(scale);
            int low = 0;
            int high = 0;
            for (int quad = 0; quad < BlockRun.Quads; quad++)
            {
                int a = Int8Rounding.Round(x[4 * quad], inverse);
                int b = Int8Rounding.Round(x[(4 * quad) + 1], inverse);
                int c = Int8Rounding.Round(x[(4 * quad) + 2], inverse);
                int d = Int8Rounding.Round(x[(4 * quad) + 3], inverse);
                long at = (run * BlockRun.Quads) + quad;
                Output.Quads[at] = (a & 255) | ((b & 255) << 8) | ((c & 255) << 16) | (d << 24);
                Output.Pairs[2 * at] = (a & 65535) | (c << 16);
                Output.Pairs[(2 * at) + 1] = (b & 65535) | (d << 16);
                int sum = a + b + c + d;
                low += quad < BlockRun.Quads / 2 ? sum : 0;
                high += quad < BlockRun.Quads / 2 ? 0 : sum;
            }

            Output.Runs[run] = new Floats4 { A = scale, B = scale * low, C = scale * high };
        }
    }
}
