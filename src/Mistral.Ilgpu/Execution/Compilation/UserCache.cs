using System.Security.Cryptography;
using System.Text;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>What is worth keeping between runs and can be made again: nothing depends on it.</summary>
internal static class UserCache
{
    /// <summary><c>$XDG_CACHE_HOME/mistral-ilgpu</c>, or the place where the system keeps such things.</summary>
    public static string Folder { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } folder ? folder
        : OperatingSystem.IsLinux() ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache")
        : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData),
        "mistral-ilgpu");

    /// <summary>Where something is kept that depends on a device and on the kernels.</summary>
    /// <param name="device">What tells it from others.</param>
    public static string FileFor(string what, string device, string extension)
    {
        string key = $"{device}|{typeof(IKernel).Assembly.ManifestModule.ModuleVersionId}";
        return Path.Combine(
            Folder, $"{what}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..16]}{extension}");
    }

    /// <summary>Puts it there whole, or not at all where that cannot be.</summary>
    public static void Write(string file, ReadOnlySpan<byte> content)
    {
        string part = $"{file}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(part, content);
            File.Move(part, file, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A home that cannot be written to, or is full, costs time and nothing else.
            Delete(part);
        }
    }

    /// <summary>Leaves the newest of the files whose names match, for those of which every model and build has another.</summary>
    /// <param name="pattern">With the wildcard <c>*</c>.</param>
    public static void KeepNewest(string folder, string pattern, int count)
    {
        try
        {
            var newestFirst = new DirectoryInfo(folder).GetFiles(pattern).OrderByDescending(file => file.LastWriteTimeUtc);
            foreach (var file in newestFirst.Skip(count))
            {
                Delete(file.FullName);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Then they stay.
        }
    }

    private static void Delete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Another process may have done it, or nothing may be written there at all.
        }
    }
}
