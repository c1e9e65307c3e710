using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mistral.Ilgpu.Server.Security;

/// <summary>A key's name and the SHA-256 of the key.</summary>
internal sealed record ApiKey(string Name, byte[] Hash)
{
    private const string HashPrefix = "sha256:";

    /// <summary>Reads a line: a key, or a name and a key. A key may be given as its hash.</summary>
    /// <param name="index">The line's number, from 0.</param>
    /// <param name="unnamed">What a key without a name is called, before its line's number.</param>
    /// <returns>Null for an empty line or one that begins with #.</returns>
    /// <exception cref="FormatException">The line is something else.</exception>
    public static ApiKey? Parse(string line, int index, string unnamed = "key")
    {
        string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || words[0].StartsWith('#'))
        {
            return null;
        }

        string number = (index + 1).ToString(CultureInfo.InvariantCulture);
        if (words.Length > 2)
        {
            throw new FormatException($"line {number}: found {words.Length} words, expected a key, or a name and a key");
        }

        return new ApiKey(words.Length == 2 ? words[0] : unnamed + number, HashOf(words[^1], number));
    }

    private static byte[] HashOf(string key, string line)
    {
        if (!key.StartsWith(HashPrefix, StringComparison.Ordinal))
        {
            return SHA256.HashData(Encoding.UTF8.GetBytes(key));
        }

        string digits = key[HashPrefix.Length..];
        return digits.Length == 2 * SHA256.HashSizeInBytes && digits.All(char.IsAsciiHexDigit)
            ? Convert.FromHexString(digits)
            : throw new FormatException($"line {line}: found {digits.Length} characters of a hash, expected 64 digits 0-9 a-f");
    }
}
