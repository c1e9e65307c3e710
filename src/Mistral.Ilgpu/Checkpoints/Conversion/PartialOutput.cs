using System.Diagnostics;
using System.Globalization;

namespace Mistral.Ilgpu.Checkpoints.Conversion;

/// <summary>
/// A temporary file or folder beside the target path, which holds the output until it is complete.
/// It is removed when the conversion fails and when the process exits.
/// What a killed process left behind is removed by the next conversion to the same path.
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

    /// <summary>The temporary path to write to.</summary>
    public string Path { get; }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        Remove(Path);
    }

    // Errors are ignored at exit, because the writing thread may still hold the file open.
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
