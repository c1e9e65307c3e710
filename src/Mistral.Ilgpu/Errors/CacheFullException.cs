namespace Mistral.Ilgpu;

/// <summary>A text does not fit the cache of keys and values, however empty.</summary>
public sealed class CacheFullException : MistralException
{
    internal CacheFullException(long tokens, long needed, long bytes)
        : base(
            tokens == int.MaxValue
                ? $"a text of any length needs {needed:N0} bytes of cache, and the cache has {bytes:N0}"
                : $"a text of up to {tokens:N0} tokens needs {needed:N0} bytes of cache, and the cache has {bytes:N0}") =>
        (NeededBytes, Bytes) = (needed, bytes);

    /// <summary>Bytes that the text may come to need.</summary>
    public long NeededBytes { get; }

    /// <summary>Bytes of the whole cache.</summary>
    public long Bytes { get; }
}
