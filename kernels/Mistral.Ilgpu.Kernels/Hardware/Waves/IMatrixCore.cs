using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// How a wave multiplies matrices of 16-bit numbers from shared memory, see <see cref="MatrixTile"/>, and adds in float32. Tokens
/// are the rows of the left matrix and weights' rows the columns of the right one. Then neighbouring lanes have neighbouring rows
/// of weights, which are neighbours in the output.
/// </summary>
public interface IMatrixCore
{
    /// <summary>Lanes of a wave, and tokens of its part of a tile.</summary>
    static abstract int Lanes { get; }

    /// <summary>Whether a loop takes two stages at a time, whose places are then constants. It needs more registers.</summary>
    static abstract bool TakesTwoStages { get; }

    /// <summary>sums += tokens × weights of 16 columns, for a wave's 64 rows.</summary>
    /// <param name="memory">All stages.</param>
    /// <param name="stage">Where the stage begins.</param>
    /// <param name="row">The part's first row of weights in the stage.</param>
    /// <param name="token">Its first token among the stage's.</param>
    /// <param name="piece">The first of the two pieces: 0 or 2.</param>
    static abstract WaveSums MultiplyAdd(WaveSums sums, ArrayView<Pack> memory, int stage, int row, int token, int piece);

    /// <summary>The row of the part that eight of a lane's sums belong to.</summary>
    /// <param name="eight">0 to 7 for A to H of <see cref="WaveSums"/>.</param>
    static abstract int Row(int lane, int eight);

    /// <summary>The token of the part that a sum belongs to.</summary>
    /// <param name="i">0 to 7 for A to H of <see cref="EightSums"/>.</param>
    static abstract int Token(int lane, int eight, int i);
}
