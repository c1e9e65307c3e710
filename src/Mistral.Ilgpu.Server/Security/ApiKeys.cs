using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Mistral.Ilgpu.Server.Watching;

namespace Mistral.Ilgpu.Server.Security;

/// <summary>Keys that requests may have. Only their SHA-256 hashes are kept, and all of them are compared in constant
/// time.</summary>
/// <param name="unnamed">What a key without a name is called, before its number.</param>
/// <param name="file">A file with more keys; null for none.</param>
internal sealed class ApiKeys(string unnamed, IEnumerable<string> lines, string? file, ILogger logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly IReadOnlyList<ApiKey> _given = Parse(lines, unnamed);

    private IReadOnlyList<ApiKey> _fromFile = [];
    private DateTime _fileTime;
    private DateTime _looked;

    /// <summary>Whether there are any.</summary>
    public bool Exist => _given.Count > 0 || file is not null;

    /// <summary>Reads the file for the first time.</summary>
    /// <exception cref="InvalidOperationException">The file cannot be read, or holds no key.</exception>
    public void Load()
    {
        if (file is not null)
        {
            try
            {
                Read(file);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
            {
                throw new InvalidOperationException($"{file}: {exception.Message}", exception);
            }
        }
    }

    /// <summary>The name of a key; null for one that is not known.</summary>
    public string? NameOf(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        string? name = null;
        // No key is left out, so that time tells nothing.
        foreach (var known in Current())
        {
            name = CryptographicOperations.FixedTimeEquals(known.Hash, hash) ? known.Name : name;
        }

        return name;
    }

    private IEnumerable<ApiKey> Current()
    {
        if (file is not null)
        {
            lock (_lock)
            {
                if (DateTime.UtcNow - _looked > Pause)
                {
                    Reread(file);
                }
            }
        }

        return _given.Concat(_fromFile);
    }

    private void Reread(string path)
    {
        _looked = DateTime.UtcNow;
        try
        {
            if (File.GetLastWriteTimeUtc(path) != _fileTime)
            {
                Read(path);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            logger.KeysUnreadable(path, exception.Message);
        }
    }

    private void Read(string path)
    {
        var time = File.GetLastWriteTimeUtc(path);
        var keys = Parse(File.ReadLines(path), unnamed);
        if (keys.Count == 0)
        {
            throw new FormatException("found no key, expected one in each line");
        }

        (_fromFile, _fileTime, _looked) = (keys, time, DateTime.UtcNow);
        logger.KeysRead(keys.Count, path);
    }

    private static List<ApiKey> Parse(IEnumerable<string> lines, string unnamed) =>
        [.. lines.Select((line, index) => ApiKey.Parse(line, index, unnamed)).OfType<ApiKey>()];
}
