using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Blocks whose quants come as signed bytes, four packed in an int, for the instructions of GPUs that multiply them
/// so.</summary>
public interface IPackedFormat : IBlockFormat
{
    /// <summary>Whether the four bits of a quant are its number among <see cref="Hardware.Lanes.UnevenValues"/>.</summary>
    static abstract bool IsUneven { get; }

    /// <summary>Reads the quants of a run, by the widest loads that their place allows.</summary>
    /// <param name="quants">The plane of quants.</param>
    static abstract RunWords Words(ArrayView<byte> quants, long block, int run);

    /// <summary>The same where the block is in shared memory.</summary>
    static abstract RunWords WordsIn(QuantLines lines, int run);

    /// <summary>The quants of a run, in order.</summary>
    static abstract RunQuants Quants(RunWords words, int run);

    /// <summary>What <see cref="Dots"/> and <see cref="ScaleIn"/> need of all runs of a lane.</summary>
    static abstract RunFields Fields(int run);

    /// <summary>Multiplies the quants of a run, in the fewest instructions of CUDA.</summary>
    /// <param name="low">Activations of the first half.</param>
    static abstract RunDots Dots(RunWords words, RunFields fields, Pack low, Pack high);

    /// <summary>Products of four bytes that <see cref="Dots"/> takes for four quants: 2 where their bits lie in two places and
    /// are multiplied there.</summary>
    static abstract int ProductsOfFour { get; }

    /// <summary>What makes a quant an unsigned number; 0 of eight bits, and where quants are numbers of values.</summary>
    static abstract int Bias { get; }

    /// <summary>The quants of a run plus <see cref="Bias"/>, in the fewest instructions of GPUs whose code is OpenCL C.</summary>
    static abstract RunQuants Unsigned(RunWords words, int run);

    /// <summary>Reads what the quants of a run are multiplied with, likewise.</summary>
    /// <param name="scales">The plane of scales.</param>
    static abstract Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run);

    /// <summary>What they are multiplied with, to the bit <see cref="IBlockFormat.Scale"/>; by inline PTX, for CUDA
    /// forms.</summary>
    static abstract RunScale ScaleOf(Pack words, int run);

    /// <summary>The same in the fewest instructions of CUDA.</summary>
    static abstract RunScale ScaleIn(Pack words, RunFields fields);

    /// <summary>Quants 4 <paramref name="i"/> to 4 <paramref name="i"/> + 3 of half a run.</summary>
    static abstract uint Four(ArrayView<byte> quants, long block, int run, int half, int i);

    /// <summary>Whether the halves of a run are in 16 bytes each, one after the other; otherwise they share all words.</summary>
    static abstract bool HalvesAreApart { get; }

    /// <summary>
    /// Reads the quants of a run of 32 rows from a stage of shared memory, see <see cref="RunStage"/>. Of each half a lane gets
    /// those from 4 × (lane mod 4) on. Its rows are lane / 4, and 8, 16 and 24 below.
    /// </summary>
    /// <param name="quants">See <see cref="Products.Cuda.RunPlace.Quants"/>.</param>
    static abstract RunWords WordsOfRows(uint quants, int run);

    /// <summary>
    /// Those of sixteen of the rows, as products on tensor cores take them, 2 to the <see cref="FactorBits"/> times as large. A
    /// and C are the halves of row lane / 4, B and D those of the row eight below.
    /// </summary>
    /// <param name="tile">0 for the upper sixteen rows, 1 for the lower.</param>
    static abstract Pack FactorsOfRows(RunWords words, int run, int tile);

    /// <summary>Where in a byte it costs least to leave a quant.</summary>
    static abstract int FactorBits { get; }
}
