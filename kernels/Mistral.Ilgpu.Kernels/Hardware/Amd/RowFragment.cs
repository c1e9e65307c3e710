using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>What a lane has of rows in shared memory that its wave multiplies, as <see cref="MatrixFragment"/>.</summary>
public struct RowFragment
{
    public Pack Low;

    /// <summary>The next eight columns, where a lane has them too.</summary>
    public Pack High;

    /// <summary>The first row, the first of its two pieces, and the pieces of all rows. C# alone reads them, see
    /// <see cref="RowProducts"/>.</summary>
    public int FirstRow, FirstPiece, Pieces;
}
