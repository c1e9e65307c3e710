using System.Security.Cryptography;
using System.Text;

namespace Mistral.Ilgpu.Tests.Hub;

/// <summary>A file of a <see cref="TestHub"/>.</summary>
/// <param name="IsLarge">Whether it is in large-file storage, so that its hash is a SHA-256 and it is elsewhere.</param>
internal sealed record HubFileBytes(byte[] Bytes, bool IsLarge)
{
    public string Etag
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(IsLarge ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
            hash.AppendData(IsLarge ? [] : Encoding.ASCII.GetBytes($"blob {Bytes.Length}\0"));
            hash.AppendData(Bytes);
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    public static HubFileBytes Small(string text) => new(Encoding.UTF8.GetBytes(text), IsLarge: false);

    public static HubFileBytes Large(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return new HubFileBytes(bytes, IsLarge: true);
    }
}
