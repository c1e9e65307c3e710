using System.Diagnostics;
using System.Globalization;

namespace Mistral.Ilgpu.Checkpoints.Conversion;

/// <summary>
/// A file or folder while it is being written, beside the path that it is to have. Whatever ends the writing, and be it the
/// process's end, nothing of it is left; what a process that was killed left is removed by the next that writes to the same path.
/// </summary>
internal sealed class PartialOutput : IDisposable
{
    private const string Suffix = ".partial-";

    public PartialOutput(string target)
    {
        RemoveStale(target);
        Path = $"{target}{Suffix}{Environment.ProcessId}";
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
    }

    /// <summary>Where to write.</summary>
    public string Path { get; }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        Remove(Path);
    }

    // Its last words are no place for errors: the thread that writes may be at it still.
    private void OnProcessExit(object? sender, EventArgs arguments)
    {
        try
        {
            Remove(Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static void RemoveStale(string target)
    {
        string prefix = System.IO.Path.GetFileName(target) + Suffix;
        foreach (string path in Directory.EnumerateFileSystemEntries(System.IO.Path.GetDirectoryName(target)!))
        {
            string name = System.IO.Path.GetFileName(path);
            if (name.StartsWith(prefix, StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int writer)
                && !IsAlive(writer))
            {
                Remove(path);
            }
        }
    }

    private static bool IsAlive(int processId)
    {
        try
        {
            Process.GetProcessById(processId).Dispose();
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static void Remove(string path)
    {
        if (File.Exists(path))
        {
            File.Delete(path);
        }
        else if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }
}
