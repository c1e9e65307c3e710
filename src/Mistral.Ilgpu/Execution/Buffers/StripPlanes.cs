using ILGPU;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>
/// The consecutive planes of a quantized format in strips (see <see cref="IStripFormat"/>).
/// </summary>
internal readonly record struct StripPlanes(StripShape Shape)
{
    public long SizeInBytes(long paddedRows, int columns) =>
        QuantBytes(paddedRows, columns) + FloatBytes(paddedRows, columns) + ByteBytes(paddedRows, columns);

    public StripWeights Weights(ArrayView<byte> bytes, int rows, int columns)
    {
        long padded = (long)Strip.Count(rows) * Strip.Rows;
        long floatsAt = QuantBytes(padded, columns);
        long bytesAt = floatsAt + FloatBytes(padded, columns);
        long runBytes = ByteBytes(padded, columns);
        return new StripWeights(
            bytes.SubView(0, floatsAt).Cast<int>(),
            bytes.SubView(floatsAt, bytesAt - floatsAt).Cast<ushort>(),
            bytes.SubView(runBytes == 0 ? 0 : bytesAt, runBytes).Cast<sbyte>(),
            columns);
    }

    private long QuantBytes(long rows, int columns) => rows * columns * Shape.Bits / 8;

    private long FloatBytes(long rows, int columns) => rows * (columns / Shape.BlockLength) * Shape.BlockFloats * sizeof(ushort);

    private long ByteBytes(long rows, int columns) => rows * (columns / BlockRun.Length) * Shape.RunBytes;
}
