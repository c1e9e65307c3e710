using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>The SHA-256 hash of all tokens up to the end of a page, and of everything else that their keys depend on.</summary>
internal readonly record struct PrefixKey(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>The key of the empty prefix.</summary>
    /// <param name="salt">Distinguishes texts whose equal tokens have different keys.</param>
    public static PrefixKey Root(ulong salt) => new(salt, 0, 0, 0);

    /// <summary>The key of this prefix extended by a page of tokens.</summary>
    public PrefixKey Then(ReadOnlySpan<int> page)
    {
        Span<byte> text = stackalloc byte[32 + (page.Length * sizeof(int))];
        MemoryMarshal.Write(text, this);
        MemoryMarshal.AsBytes(page).CopyTo(text[32..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(text, hash);
        return MemoryMarshal.Read<PrefixKey>(hash);
    }
}
