using System.Buffers;

namespace Mistral.Ilgpu.Checkpoints.Hub;

/// <summary>The folder of one repository in a <see cref="HubCache"/>.</summary>
internal sealed class HubFolder(string root, HubRepository repository)
{
    public const string MainRevision = "main";

    private const int CommitLength = 40;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public HubRepository Repository { get; } = repository;

    public string Path { get; } = System.IO.Path.Combine(root, repository.FolderName);

    /// <param name="etag">Checked by the caller: hexadecimal digits.</param>
    public string BlobPath(string etag) => System.IO.Path.Combine(Path, "blobs", etag);

    /// <param name="etag">Checked by the caller: hexadecimal digits.</param>
    public string LockPath(string etag) => System.IO.Path.Combine(root, ".locks", Repository.FolderName, $"{etag}.lock");

    /// <exception cref="ModelFileException">The revision is no name of one.</exception>
    public string RefPath(string revision) => Inside("refs", revision);

    public string SnapshotPath(string commit) => Inside("snapshots", commit);

    /// <exception cref="ModelFileException">The name would leave the snapshot.</exception>
    public string FilePath(string commit, string file) => Inside("snapshots", $"{commit}/{file}");

    /// <summary>The commit of a revision that is in the cache; null if it is not.</summary>
    /// <param name="revision">A branch, a tag or a commit.</param>
    public string? FindCommit(string revision)
    {
        if (!HubFileName.IsSafe(revision))
        {
            return null;
        }

        string path = RefPath(revision);
        string commit = File.Exists(path) ? DataFile.Read(path, File.ReadAllText).Trim() : revision;
        return IsCommit(commit) && Directory.Exists(SnapshotPath(commit)) ? commit : null;
    }

    public static bool IsCommit(string text) => text.Length == CommitLength && IsHexadecimal(text);

    public static bool IsHexadecimal(string text) => !text.AsSpan().ContainsAnyExcept(HexDigits);

    private string Inside(string folder, string name) => HubFileName.IsSafe(name)
        ? System.IO.Path.Combine([Path, folder, .. name.Split('/')])
        : throw new ModelFileException(
            Repository.ToString(), $"found the name '{Printable(name)}', expected a relative path of plain names");

    private static string Printable(string name) => string.Concat(name.Select(c => char.IsControl(c) ? '?' : c));
}
