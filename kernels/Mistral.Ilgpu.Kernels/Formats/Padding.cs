namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>The padding of rows that matrix products rely on.</summary>
public static class Padding
{
    /// <summary>Rows of weights and of matrix-product inputs are padded to a multiple of this many columns.</summary>
    public const int Columns = 16;

    public static int Pad(int columns) => (columns + Columns - 1) / Columns * Columns;
}
