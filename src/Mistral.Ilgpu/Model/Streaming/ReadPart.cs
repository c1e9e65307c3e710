namespace Mistral.Ilgpu.Model.Streaming;

/// <summary>Copies a part of a layer.</summary>
/// <param name="at">The part's first byte.</param>
internal delegate void ReadPart(long at, Span<byte> part);
