using System.Diagnostics.Metrics;

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>A text does not fit the cache, however empty.</summary>
public sealed class CacheFullException(long tokens, long needed, long bytes) : Exception(
    tokens == int.MaxValue
        ? $"a text of any length needs {needed:N0} bytes of cache, and the cache has {bytes:N0}"
        : $"a text of up to {tokens:N0} tokens needs {needed:N0} bytes of cache, and the cache has {bytes:N0}");
