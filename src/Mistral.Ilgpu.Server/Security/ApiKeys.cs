using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Server.Watching;

namespace Mistral.Ilgpu.Server.Security;

/// <summary>The keys that clients may send. Only their SHA-256 hashes are kept, and all of them are compared in constant
/// time.</summary>
internal sealed class ApiKeys(IOptions<MistralServerOptions> options, ILogger<ApiKeys> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly MistralServerOptions _options = options.Value;
    private readonly Lock _lock = new();
    private readonly IReadOnlyList<ApiKey> _given =
        [.. options.Value.ApiKeys.Select((line, index) => ApiKey.Parse(line, index)).OfType<ApiKey>()];

    private IReadOnlyList<ApiKey> _fromFile = [];
    private DateTime _fileTime;
    private DateTime _looked;

    /// <summary>Whether a request needs a key.</summary>
    public bool AreNeeded => _options.ApiKeys.Count > 0 || _options.ApiKeyFile is not null;

    /// <summary>Reads the file for the first time.</summary>
    /// <exception cref="InvalidOperationException">The file cannot be read, or holds no key.</exception>
    public void Load()
    {
        if (_options.ApiKeyFile is { } file)
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
        if (_options.ApiKeyFile is { } file)
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

    private void Reread(string file)
    {
        _looked = DateTime.UtcNow;
        try
        {
            if (File.GetLastWriteTimeUtc(file) != _fileTime)
            {
                Read(file);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            logger.KeysUnreadable(file, exception.Message);
        }
    }

    private void Read(string file)
    {
        var time = File.GetLastWriteTimeUtc(file);
        List<ApiKey> keys = [.. File.ReadLines(file).Select(ApiKey.Parse).OfType<ApiKey>()];
        if (keys.Count == 0)
        {
            throw new FormatException("found no key, expected one in each line");
        }

        (_fromFile, _fileTime, _looked) = (keys, time, DateTime.UtcNow);
        logger.KeysRead(keys.Count, file);
    }
}
