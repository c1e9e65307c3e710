namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Parts blocks as a file holds them into their quants and all else.</summary>
internal delegate void BlockParting(ReadOnlySpan<byte> blocks, Span<byte> quants, Span<byte> scales);
