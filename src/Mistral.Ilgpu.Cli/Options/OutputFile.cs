namespace Mistral.Ilgpu.Cli.Options;

/// <summary>
/// A file for results that come late, opened before the work so that a path that cannot be written is known then. What was there
/// stays until <see cref="Write"/>; a file that was made and not written is removed.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    private readonly string _path;
    private readonly bool _isNew;
    private readonly FileStream _file;
    private bool _isWritten;

    /// <exception cref="ModelFileException">The file cannot be written.</exception>
    private OutputFile(string option, string path)
    {
        (_path, _isNew) = (path, !File.Exists(path));
        _file = Open($"{option} {path}", path, FileMode.OpenOrCreate);
    }

    /// <summary>The file that an option names; null where it is not given.</summary>
    /// <exception cref="ModelFileException">The file cannot be written.</exception>
    public static OutputFile? OpenIfGiven(string option, string? path) => path is null ? null : new OutputFile(option, path);

    /// <param name="where">Names the file in errors.</param>
    /// <exception cref="ModelFileException">The file cannot be written.</exception>
    public static FileStream Open(string where, string path, FileMode mode)
    {
        try
        {
            return new FileStream(path, mode, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception exception)
            when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ModelFileException(where, $"cannot be written: {exception.Message}", exception);
        }
    }

    /// <summary>Replaces what the file holds.</summary>
    /// <exception cref="ModelFileException">The file cannot be written.</exception>
    public void Write(Action<TextWriter> write)
    {
        _isWritten = true;
        try
        {
            // A pipe or a device has no end to set.
            if (_file.CanSeek)
            {
                _file.SetLength(0);
            }

            using var writer = new StreamWriter(_file, leaveOpen: true);
            write(writer);
        }
        catch (IOException exception)
        {
            throw new ModelFileException(_path, $"cannot be written: {exception.Message}", exception);
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        if (_isNew && !_isWritten)
        {
            File.Delete(_path);
        }
    }
}
