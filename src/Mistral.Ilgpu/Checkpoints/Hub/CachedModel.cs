using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Mistral.Ilgpu.Checkpoints.Native;

namespace Mistral.Ilgpu.Checkpoints.Hub;

/// <summary>A model in the cache of Hugging Face's hub.</summary>
internal static class CachedModel
{
    /// <summary>Finds a model that is in the cache. Nothing is fetched.</summary>
    /// <param name="model"><c>OWNER/NAME</c>, with <c>:REVISION</c>, or <c>:FILE</c> or <c>:TYPE</c> of a GGUF file of
    /// main.</param>
    /// <returns>The files, and the name of the one to open if it is not the whole folder; null if the text names no
    /// repository.</returns>
    /// <exception cref="ModelFileException">The model is not in the cache, or there are several.</exception>
    public static (ModelFiles Files, string? File)? Find(string model, HubCache cache)
    {
        if (HubRepository.Parse(model) is not var (repository, suffix))
        {
            return null;
        }

        var folder = cache.FolderOf(repository);
        if (suffix is not null && folder.FindCommit(suffix) is { } named)
        {
            return Open(model, folder.SnapshotPath(named), repository, null);
        }

        return folder.FindCommit(HubFolder.MainRevision) is { } commit
            ? Open(model, folder.SnapshotPath(commit), repository, suffix)
            : throw new ModelFileException(
                model,
                $"found neither such a path nor this repository in {cache.Root}; 'mistral pull {repository}' fetches it from "
                + "Hugging Face's hub");
    }

    private static (ModelFiles Files, string? File) Open(string model, string snapshot, HubRepository repository, string? wanted)
    {
        string[] names =
        [
            .. Directory.EnumerateFiles(snapshot, "*", SearchOption.AllDirectories)
                // A link may be left whose blob is gone.
                .Where(File.Exists)
                .Select(path => Path.GetRelativePath(snapshot, path).Replace(Path.DirectorySeparatorChar, '/')),
        ];
        var choice = new RepositoryChoice(model, names);
        if (wanted is null && (names.Contains(HuggingFaceFolder.ConfigFile) || names.Contains(MistralFolder.ParamsFile)))
        {
            return (new ModelFiles(repository.ToString(), snapshot, new FolderStore()), null);
        }

        string file = (wanted is null ? choice.ToRun() : choice.Named(wanted))[0];
        string path = Path.Combine([snapshot, .. file.Split('/')]);
        return (new ModelFiles(repository.ToString(), Path.GetDirectoryName(path)!, new FolderStore()), Path.GetFileName(path));
    }
}
