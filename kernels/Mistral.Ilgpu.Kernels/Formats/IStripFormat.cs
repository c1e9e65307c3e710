using ILGPU;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// Blocks that can lie in strips. A run of 32 quants of a strip takes <see cref="Bits"/> vectors. Quants, as unsigned numbers,
/// are cut into planes of bits. There are four vectors of nibbles if quants have such, two of two bits, one of single bits. Quad
/// q of a run, its columns 4q to 4q + 3, is the four bytes of a lane. It is in nibble vector q mod 4 shifted by 4 (q / 4), in
/// two-bit vector q / 4 by 2 (q mod 4). In the bit vector it is shifted by q. Eight bits lie as signed bytes, quad q in vector q.
/// All else of a block is in 16-bit floats for the block and whole numbers of a byte for each run.
/// </summary>
public interface IStripFormat : IPackedFormat
{
    /// <summary>Bits of a quant.</summary>
    static abstract int Bits { get; }

    /// <summary>16-bit floats of a block: the scale, and that of offsets where there are some.</summary>
    static abstract int BlockFloats { get; }

    /// <summary>Bytes of a run: scales, of both halves where they differ, then minima likewise; none where the block has one
    /// scale.</summary>
    static abstract int RunBytes { get; }

    /// <summary>A 16-bit float of a block.</summary>
    /// <param name="at">Where the block's scales start.</param>
    static abstract ushort BlockFloat(ArrayView<ushort> scales, long at, int index);

    /// <summary>A byte of a run.</summary>
    static abstract int RunByte(ArrayView<ushort> scales, long at, int run, int index);
}
