using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// Weights for <see cref="Lanes"/> and .NET's vectors: strips of 16 rows side by side. A vector holds one column, or four in
/// bytes, of all rows of a strip. A matrix has its rows padded to whole strips.
/// </summary>
public static class Strip
{
    public const int Rows = Lanes.Count;

    public static int Count(int rows) => (rows + Rows - 1) / Rows;

    /// <summary>Strips that rows from <paramref name="first"/> on are in.</summary>
    public static int Count(int first, int count) => Count(first + count) - (first / Rows);
}
