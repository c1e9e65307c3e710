namespace Mistral.Ilgpu.Checkpoints.Hub;

/// <summary>
/// The cache of Hugging Face's hub, which Python's <c>huggingface_hub</c> shares.
/// </summary>
/// <example>
/// <code>
/// ROOT/models--OWNER--NAME/blobs/ETAG                  a file's content, named by its SHA-256 or its git SHA-1
/// ROOT/models--OWNER--NAME/snapshots/COMMIT/FILE       a link to ../../blobs/ETAG, or the file itself where links cannot be made
/// ROOT/models--OWNER--NAME/refs/REVISION               the commit of a branch or tag
/// ROOT/.locks/models--OWNER--NAME/ETAG.lock            held by the process that writes the blob
/// </code>
/// </example>
internal sealed class HubCache(string root)
{
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>The cache that the environment names.</summary>
    /// <param name="variable">Gives the value of a variable of the environment.</param>
    public static HubCache Locate(Func<string, string?> variable) => new(
        Named(variable, "HF_HUB_CACHE") ?? Named(variable, "HUGGINGFACE_HUB_CACHE") ?? Path.Combine(Home(variable), "hub"));

    /// <summary>The folder of all files of Hugging Face's tools.</summary>
    public static string Home(Func<string, string?> variable) =>
        Named(variable, "HF_HOME")
        ?? Path.Combine(
            Named(variable, "XDG_CACHE_HOME") ?? Path.Combine(UserFolder, ".cache"), "huggingface");

    public HubFolder FolderOf(HubRepository repository) => new(Root, repository);

    private static string UserFolder => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private static string? Named(Func<string, string?> variable, string name) => variable(name) switch
    {
        null or "" => null,
        "~" => UserFolder,
        ['~', '/', .. var rest] => Path.Combine(UserFolder, rest),
        var path => path,
    };
}
