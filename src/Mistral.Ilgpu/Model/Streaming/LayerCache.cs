using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model.Streaming;

/// <summary>
/// Files of streamed layers in the layout of the device, so that layers are packed once and not in every process. A file's name
/// depends on all that its bytes depend on. Any number of processes may use the folder.
/// </summary>
/// <param name="most">The most bytes of all files.</param>
/// <param name="isMapped">Whether files are mapped and not read.</param>
internal sealed class LayerCache(string folder, long most, bool isMapped)
{
    private const string Extension = ".layer";

    // What is left to others on the disk.
    private const long Reserve = 1L << 30;

    // The part of a file that a process left when it was killed.
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, bool> _opened = [];

    /// <summary>The user's cache; what was not used for longest is deleted from it.</summary>
    public static LayerCache Of(ModelOptions options, Residency residency) => new(
        options.LayerFolder ?? Path.Combine(UserCache.Folder, "layers"), options.LayerCacheBytes, residency.IsInPlace);

    /// <summary>The file of a layer.</summary>
    public string FileOf(Checkpoint checkpoint, IReadOnlyList<MatrixPlan> layer)
    {
        var key = new StringBuilder(checkpoint.Location).Append('\n');
        foreach (var band in layer.SelectMany(matrix => matrix.Bands))
        {
            key.Append(CultureInfo.InvariantCulture, $"{band.Rows}×{band.Columns} {band.Format} {band.Layout} {band.Bytes}\n");
            foreach (string name in band.Names)
            {
                var tensor = checkpoint.Tensors[name];
                var file = new FileInfo(tensor.SourceFile);
                key.Append(CultureInfo.InvariantCulture, $"{name} {tensor.SourceName} {tensor.SourceFile} {tensor.Format} {
                    (file.Exists ? file.Length : 0)} {(file.Exists ? file.LastWriteTimeUtc.Ticks : 0)}\n");
            }
        }

        key.Append(typeof(IKernel).Assembly.ManifestModule.ModuleVersionId);
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key.ToString())))[..32];
        return Path.Combine(folder, hash + Extension);
    }

    /// <summary>Opens a layer that was written before; null if there is none. For any thread.</summary>
    public FileLayer? TryOpen(string file, long length)
    {
        if (most == 0 || FileLayer.TryOpen(file, length, isMapped) is not { } layer)
        {
            return null;
        }

        Touch(file);
        _opened[file] = true;
        return layer;
    }

    /// <summary>Writes a layer and opens it; null, with a reason for people, if it cannot be kept.</summary>
    public FileLayer? TryWrite(string file, long length, ReadPart read, out string? reason)
    {
        reason = null;
        if (most == 0)
        {
            return null;
        }

        try
        {
            Directory.CreateDirectory(folder);
            if (!MakeRoom(FileLayer.FileBytes(length)))
            {
                reason = $"{folder} has no room for {length:N0} bytes more";
                return null;
            }

            FileLayer.Write(file, length, read);
            var layer = TryOpen(file, length);
            reason = layer is null ? $"{file} is not as it was written" : null;
            return layer;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            reason = exception.Message;
            return null;
        }
    }

    // Deletes what was not used for longest.
    private bool MakeRoom(long bytes)
    {
        var files = new DirectoryInfo(folder).GetFiles().OrderBy(file => file.LastWriteTimeUtc).ToList();
        foreach (var part in files.Where(file => file.Extension != Extension).ToList())
        {
            files.Remove(part);
            if (DateTime.UtcNow - part.LastWriteTimeUtc > Abandoned)
            {
                part.Delete();
            }
        }

        long kept = files.Sum(file => file.Length);
        long free = new DriveInfo(folder).AvailableFreeSpace - Reserve;
        foreach (var file in files.Where(file => !_opened.ContainsKey(file.FullName)))
        {
            if (kept + bytes <= most && bytes <= free)
            {
                break;
            }

            kept -= file.Length;
            free += file.Length;
            file.Delete();
        }

        return kept + bytes <= most && bytes <= free;
    }

    private static void Touch(string file)
    {
        try
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It may be deleted sooner.
        }
    }
}
