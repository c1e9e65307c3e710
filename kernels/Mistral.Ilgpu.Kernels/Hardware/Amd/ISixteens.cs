using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>One product of 16 tokens × 16 rows × 16 columns, see <see cref="Sixteens"/>.</summary>
internal interface ISixteens
{
    /// <summary>The lane's part of sixteen rows of a stage, from <paramref name="row"/> on.</summary>
    static abstract MatrixFragment Load(ArrayView<Pack> memory, int stage, int row, int piece);

    static abstract EightSums MultiplyAdd(
        EightSums sums, MatrixFragment tokens, MatrixFragment weights, ArrayView<Pack> memory, int stage);

    /// <summary>The lane's part of sixteen rows in shared memory, from <paramref name="row"/> on.</summary>
    static abstract RowFragment Load(MatrixRows rows, int row, int piece);

    static abstract EightSums MultiplyAdd(EightSums sums, RowFragment rows, MatrixFragment columns, MatrixRows all);
}
