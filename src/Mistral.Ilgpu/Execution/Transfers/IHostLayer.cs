namespace Mistral.Ilgpu.Execution.Transfers;

/// <summary>The host's copy of a streamed layer's matrices, in the layout of the device.</summary>
internal interface IHostLayer : IDisposable
{
    /// <summary>Bytes of the layer.</summary>
    long Length { get; }

    /// <summary>Copies a part of the layer. Several threads may do so at once.</summary>
    /// <param name="at">The part's first byte.</param>
    /// <exception cref="ModelFileException">The layer cannot be read.</exception>
    void Read(long at, Span<byte> part);

    /// <summary>The layer's address until it is disposed, for devices that compute in the host's memory; 0 for a file that is not
    /// mapped.</summary>
    nint Address { get; }

    /// <summary>Checks that what was mapped is still there. The process dies if it reads a mapped page of a file that was
    /// shortened.</summary>
    /// <exception cref="ModelFileException">It is not.</exception>
    void Check();
}
