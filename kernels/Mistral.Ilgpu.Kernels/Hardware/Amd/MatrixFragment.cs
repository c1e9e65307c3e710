using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>What a lane has of a matrix of 16-bit numbers that its wave multiplies: up to sixteen neighbouring columns of a row.
/// </summary>
public struct MatrixFragment
{
    public Pack Low;

    /// <summary>The next eight columns, where a lane has them too.</summary>
    public Pack High;

    /// <summary>Where the matrix's first row begins in a stage of shared memory, and the first of its two pieces. C# alone reads
    /// them, see <see cref="MatrixProducts"/>.</summary>
    public int FirstRow, FirstPiece;
}
