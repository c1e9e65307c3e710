using System.Security.Cryptography;
using System.Text;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>Files that are kept between runs to save time. They can be recreated, so nothing depends on them.</summary>
internal static class UserCache
{
    /// <summary><c>$XDG_CACHE_HOME/mistral-ilgpu</c>, or the system's folder for caches.</summary>
    public static string Folder { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } folder ? folder
        : OperatingSystem.IsLinux() ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache")
        : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData),
        "mistral-ilgpu");

    /// <summary>The path of a file that depends on a device and on the build of the kernels.</summary>
    /// <param name="device">Identifies the device.</param>
    public static string FileFor(string what, string device, string extension)
    {
        string key = $"{device}|{typeof(IKernel).Assembly.ManifestModule.ModuleVersionId}";
        return Path.Combine(
            Folder, $"{what}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..16]}{extension}");
    }

    /// <summary>The content of a file; null if it cannot be read.</summary>
    public static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes a file atomically. Errors are ignored.</summary>
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
            // A folder that is read-only or full costs time and nothing else.
            Delete(part);
        }
    }

    /// <summary>Deletes all but the newest files that match a pattern, because every model and build adds files.</summary>
    /// <param name="pattern">A file name with the wildcard <c>*</c>.</param>
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
            // The files then stay.
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
            // Another process may have deleted the file, or the folder may be read-only.
        }
    }
}
