namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Splits the blocks of a file into quants and scales.</summary>
internal delegate void BlockParting(ReadOnlySpan<byte> blocks, Span<byte> quants, Span<byte> scales);
