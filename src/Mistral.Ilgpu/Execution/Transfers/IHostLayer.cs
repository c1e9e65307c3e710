namespace Mistral.Ilgpu.Execution.Transfers;

/// <summary>The host's copy of a streamed layer's matrices, in the layout of the device.</summary>
internal interface IHostLayer : IDisposable
{
    /// <summary>Bytes of the layer.</summary>
    long Length { get; }

    /// <summary>Copies a part of the layer.</summary>
    /// <param name="at">The part's first byte.</param>
    /// <exception cref="ModelFileException">The layer cannot be read.</exception>
    void Read(long at, Span<byte> part);
}
