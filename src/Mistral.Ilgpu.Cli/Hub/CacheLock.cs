namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>
/// A file that one process at a time holds open. Python's <c>filelock</c> locks the same file in the same way, by
/// <c>flock</c>. The file stays, because a process that waits has it open.
/// </summary>
internal static class CacheLock
{
    // As .NET tells that another holds the file: the error of flock on Linux and macOS, and that of Windows.
    private static readonly int[] Held = [11, 35, unchecked((int)0x80070020)];

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits for the lock.</summary>
    /// <returns>What releases it when disposed.</returns>
    public static async Task<IDisposable> TakeAsync(string path, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException exception) when (Held.Contains(exception.HResult))
            {
                await Task.Delay(Poll, cancellation);
            }
        }
    }
}
