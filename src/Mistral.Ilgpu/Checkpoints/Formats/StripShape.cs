namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>
/// How the blocks of a quantized format are stored in strips (see <see cref="Mistral.Ilgpu.Kernels.Formats.IStripFormat"/>).
/// </summary>
/// <param name="BlockLength">Weights of a block.</param>
/// <param name="Bits">Bits of a quant.</param>
/// <param name="BlockFloats">16-bit floats of a block.</param>
/// <param name="RunBytes">Bytes of a run except its quants.</param>
internal sealed record StripShape(int BlockLength, int Bits, int BlockFloats, int RunBytes);
