using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary>
/// <see cref="BlockEmbed{TFormat}"/> from a table in strips, see <see cref="IStripFormat"/>, which is also an output matrix. Work
/// is shared by run.
/// </summary>
public readonly record struct BlockStripEmbed<TFormat>(
    StepState State,
    StripWeights Table,
    ArrayView<float> Hidden,
    int Stride) : ISharedKernel
    where TFormat : struct, IStripFormat
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        int runs = Table.Columns / BlockRun.Length;
        long count = (long)State.TokenCount * runs;
        for (long i = share.First; i < count; i += share.Count)
        {
            int token = (int)(i / runs);
            int run = (int)(i % runs);
            int id = State.Id(token);
            long strip = id / Strip.Rows;
            int lane = id % Strip.Rows;
            long stripRun = (strip * runs) + run;
            long floats = ((strip * (Table.Columns / TFormat.BlockLength)) + (run * BlockRun.Length / TFormat.BlockLength))
                * TFormat.BlockFloats * Strip.Rows;
            for (int quad = 0; quad < BlockRun.Quads; quad++)
            {
                int half = TFormat.HalvesDiffer ? quad / (BlockRun.Quads / 2) : 0;
                float scale = Scaled(floats + lane, stripRun, half, lane);
                int offsetByte = half + (TFormat.HalvesDiffer ? 2 : 1);
                float offset = !TFormat.HasOffsets ? 0
                    : TFormat.RunBytes == 0 ? Float16.Decode(Table.BlockFloats[floats + Strip.Rows + lane])
                    : -Scaled(floats + Strip.Rows + lane, stripRun, offsetByte, lane);
                uint quants = StripQuads.Of<TFormat>(Table.Quants, stripRun * TFormat.Bits * Strip.Rows, lane, quad);
                long to = ((long)token * Stride) + (run * BlockRun.Length) + (quad * BlockRun.QuadLength);
                for (int column = 0; column < BlockRun.QuadLength; column++)
                {
                    Hidden[to + column] = (scale * ((sbyte)(quants >> (8 * column)) - TFormat.Bias)) + offset;
                }
            }
        }
    }

    // A float of the block times a byte of the run, where runs have such.
    private float Scaled(long blockFloat, long stripRun, int index, int lane)
    {
        float block = Float16.Decode(Table.BlockFloats[blockFloat]);
        return TFormat.RunBytes == 0 ? block
            : block * Table.RunBytes[(((stripRun * TFormat.RunBytes) + index) * Strip.Rows) + lane];
    }
}
