using Mistral.Ilgpu.Checkpoints.Hub;

namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>Gives blobs the names of a snapshot's files, and a revision its commit.</summary>
internal sealed class SnapshotWriter(HubSettings settings, HubFolder folder, string commit)
{
    // The first line is what backup tools look for.
    private const string CacheTag = """
        Signature: 8a477f597d28d172789f06886806bc55
        # This file is a cache directory tag: what is here can be fetched again.
        # https://bford.info/cachedir/

        """;

    /// <summary>Whether the file is in the snapshot already.</summary>
    public bool Has(HubFile file)
    {
        string path = folder.FilePath(commit, file.Name);
        // The length of a link itself is that of its text.
        return File.Exists(path)
            && new FileInfo(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path).Length == file.Bytes;
    }

    /// <summary>Gives a complete blob its names in the snapshot. The caller holds its lock.</summary>
    public void Write(IReadOnlyList<HubFile> sameContent)
    {
        string blob = folder.BlobPath(sameContent[0].Etag);
        for (int i = 0; i < sameContent.Count; i++)
        {
            string path = folder.FilePath(commit, sameContent[i].Name);
            string parent = Path.GetDirectoryName(path)!;
            Directory.CreateDirectory(parent);
            File.Delete(path);
            try
            {
                settings.Link(path, Path.GetRelativePath(parent, blob));
            }
            // Windows without its developer mode, and some file systems.
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
            {
                PutCopy(blob, path, isLast: i == sameContent.Count - 1);
            }
        }
    }

    /// <summary>States the commit of a branch or tag.</summary>
    public void WriteRef(string revision)
    {
        if (revision == commit)
        {
            return;
        }

        string path = folder.RefPath(revision);
        if (File.Exists(path) && File.ReadAllText(path) == commit)
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        File.WriteAllText(temporary, commit);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Tells backup tools that the folder is a cache.</summary>
    public void WriteCacheTag()
    {
        Directory.CreateDirectory(settings.Cache.Root);
        string path = Path.Combine(settings.Cache.Root, "CACHEDIR.TAG");
        if (!File.Exists(path))
        {
            File.WriteAllText(path, CacheTag.ReplaceLineEndings("\n"));
        }
    }

    // Python's tools move the blob too, so that a model does not take its size twice.
    private static void PutCopy(string blob, string path, bool isLast)
    {
        if (isLast)
        {
            File.Move(blob, path);
        }
        else
        {
            File.Copy(blob, path);
        }
    }
}
