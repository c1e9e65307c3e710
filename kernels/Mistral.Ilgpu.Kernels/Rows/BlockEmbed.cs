using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary><see cref="Embed{TFormat,TElement}"/> from a table of blocks. Work is shared by element.</summary>
public readonly record struct BlockEmbed<TFormat>(
    StepState State,
    BlockWeights Table,
    ArrayView<float> Hidden,
    int Stride) : ISharedKernel
    where TFormat : struct, IBlockFormat
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        long count = (long)State.TokenCount * Table.Columns;
        int blocks = Table.Columns / TFormat.BlockLength;
        for (long i = share.First; i < count; i += share.Count)
        {
            int token = (int)(i / Table.Columns);
            int column = (int)(i % Table.Columns);
            long block = ((long)State.Id(token) * blocks) + (column / TFormat.BlockLength);
            int run = column % TFormat.BlockLength / BlockRun.Length;
            int half = column / BlockRun.Half % 2;
            var scale = TFormat.Scale(Table.Scales, block * TFormat.ScaleWords, run);
            int quant = TFormat.Quant(Table.Quants, block * TFormat.QuantBytes, run, half, column % BlockRun.Half);
            Hidden[((long)token * Stride) + column] = half == 0
                ? (scale.Low * quant) + scale.LowOffset
                : (scale.High * quant) + scale.HighOffset;
        }
    }
}
