using ILGPU;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// Weights quantized in ggml's blocks. A block holds <see cref="BlockLength"/> neighbours of a row as runs of 32, a run as two
/// halves of 16. Every weight is scale × quant + offset, with the scale and offset of its half. On the device the bytes of a
/// block are parted, none added and none changed. The quants of all blocks lie in one plane, all else of them in another.
/// </summary>
public interface IBlockFormat
{
    /// <summary>Weights in a block: 32 or 256.</summary>
    static abstract int BlockLength { get; }

    /// <summary>Whether the halves of a run have scales of their own.</summary>
    static abstract bool HalvesDiffer { get; }

    /// <summary>Whether weights have offsets beside their scales.</summary>
    static abstract bool HasOffsets { get; }

    /// <summary>Bytes of a block before its quants; those after its quants follow them in the plane of scales.</summary>
    static abstract int QuantsAt { get; }

    /// <summary>Bytes of a block in the plane of quants.</summary>
    static abstract int QuantBytes { get; }

    /// <summary>16-bit words of a block in the plane of scales.</summary>
    static abstract int ScaleWords { get; }

    /// <summary>The quant of one weight: number <paramref name="i"/> of the 16 in a half (0 or 1) of a run.</summary>
    /// <param name="at">Where the block's quants start.</param>
    static abstract int Quant(ArrayView<byte> quants, long at, int run, int half, int i);

    /// <summary>What the quants of a run are multiplied with.</summary>
    /// <param name="at">Where the block's scales start.</param>
    static abstract RunScale Scale(ArrayView<ushort> scales, long at, int run);
}
