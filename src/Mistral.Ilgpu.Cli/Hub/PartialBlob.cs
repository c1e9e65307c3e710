using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>
/// The beginning of a blob in <c>ETAG.incomplete</c>, which a later run goes on with. Bytes are appended in order, and hashed on
/// the way.
/// </summary>
internal sealed class PartialBlob : IDisposable
{
    private readonly HubFile _file;
    private readonly string _path;
    private readonly FileStream _stream;
    private IncrementalHash _hash;

    private PartialBlob(HubFile file, string path)
    {
        _file = file;
        _path = path;
        _stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        _hash = StartHash();
    }

    /// <summary>The bytes that are there.</summary>
    public long Length { get; private set; }

    /// <summary>Opens what an earlier run left, or starts a blob.</summary>
    /// <param name="path">The path of the complete blob.</param>
    public static async Task<PartialBlob> OpenAsync(HubFile file, string path, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var partial = new PartialBlob(file, path + ".incomplete");
        try
        {
            if (partial._stream.Length > file.Bytes)
            {
                partial.Clear();
            }

            var buffer = new byte[1 << 20];
            int read;
            while ((read = await partial._stream.ReadAsync(buffer, cancellation)) > 0)
            {
                partial._hash.AppendData(buffer, 0, read);
                partial.Length += read;
            }

            return partial;
        }
        catch
        {
            partial.Dispose();
            throw;
        }
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        // By its offset, so that a second attempt after a full disk writes the same bytes to the same place.
        RandomAccess.Write(_stream.SafeFileHandle, bytes, Length);
        _hash.AppendData(bytes);
        Length += bytes.Length;
    }

    /// <summary>Starts again.</summary>
    public void Clear()
    {
        _stream.SetLength(0);
        Length = 0;
        _hash.Dispose();
        _hash = StartHash();
    }

    /// <summary>Checks the hash and gives the blob its name.</summary>
    /// <exception cref="HubException">The content is not what the hub states. It is removed.</exception>
    public void Complete(string path)
    {
        string found = Convert.ToHexStringLower(_hash.GetHashAndReset());
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        if (found != _file.Etag)
        {
            File.Delete(_path);
            throw new HubException(
                $"{_file.Name}: found {(_file.Sha256 is null ? "git SHA-1" : "SHA-256")} {found}, expected {_file.Etag}; "
                + "what was fetched is removed");
        }

        File.Move(_path, path, overwrite: true);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _hash.Dispose();
    }

    // Git hashes a header and the content by SHA-1.
    private IncrementalHash StartHash()
    {
        if (_file.Sha256 is not null)
        {
            return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        }

        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {_file.Bytes}\0")));
        return hash;
    }
}
