using Mistral.Ilgpu.Checkpoints.Hub;

namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>How a hub is reached, and where its files go.</summary>
internal sealed record HubSettings
{
    private const string DefaultEndpoint = "https://huggingface.co";

    public required Uri Endpoint { get; init; }

    public required HubCache Cache { get; init; }

    /// <summary>Identifies the user; sent to the endpoint alone.</summary>
    public string? Token { get; init; }

    /// <summary>Most connections at once, and most ranges in memory.</summary>
    public int Jobs { get; init; } = 8;

    /// <summary>The part of a file that one request asks for. Two of a connection's round trips take far less than its
    /// transfer.</summary>
    public int RangeBytes { get; init; } = 8 << 20;

    /// <summary>Attempts after the first, of which each waits twice as long as the one before.</summary>
    public int Retries { get; init; } = 5;

    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>How long a connection may send nothing.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Bytes that are free where a folder is.</summary>
    public Func<string, long> FreeBytes { get; init; } = static folder => new DriveInfo(folder).AvailableFreeSpace;

    /// <summary>Makes a link to a relative path.</summary>
    public Action<string, string> Link { get; init; } = static (path, target) => File.CreateSymbolicLink(path, target);

    /// <summary>Reads the variables that Hugging Face's own tools read.</summary>
    /// <param name="variable">Gives the value of a variable of the environment.</param>
    /// <exception cref="HubException">The hub may not be asked, or a variable is no address.</exception>
    public static HubSettings Read(Func<string, string?> variable)
    {
        if (variable("HF_HUB_OFFLINE")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE")
        {
            throw new HubException("HF_HUB_OFFLINE is set, which forbids to ask the hub");
        }

        string endpoint = variable("HF_ENDPOINT") is { Length: > 0 } named ? named : DefaultEndpoint;
        return new HubSettings
        {
            Endpoint = Uri.TryCreate(endpoint.TrimEnd('/') + "/", UriKind.Absolute, out var address)
                && address.Scheme is "http" or "https"
                ? address
                : throw new HubException($"HF_ENDPOINT: found '{endpoint}', expected an address such as {DefaultEndpoint}"),
            Cache = HubCache.Locate(variable),
            Token = ReadToken(variable),
        };
    }

    private static string? ReadToken(Func<string, string?> variable)
    {
        if (variable("HF_TOKEN")?.Trim() is { Length: > 0 } token)
        {
            return token;
        }

        string path = variable("HF_TOKEN_PATH") is { Length: > 0 } named
            ? named
            : Path.Combine(HubCache.Home(variable), "token");
        return File.Exists(path) && DataFile.Read(path, File.ReadAllText).Trim() is { Length: > 0 } stored ? stored : null;
    }
}
