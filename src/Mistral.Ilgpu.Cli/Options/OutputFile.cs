namespace Mistral.Ilgpu.Cli.Options;

/// <summary>
/// A file for results, opened before the work, so that a path that cannot be written is reported early. The old content stays
/// until <see cref="Write"/>. A new file is removed if it was not written.
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

    /// <summary>Opens the file that an option names; null if the option is not given.</summary>
    /// <exception cref="ModelFileException">The file cannot be written.</exception>
    public static OutputFile? OpenIfGiven(string option, string? path) => path is null ? null : new OutputFile(option, path);

    /// <param name="where">Names the file in messages.</param>
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

    /// <summary>Replaces the file's content.</summary>
    /// <exception cref="ModelFileException">The file cannot be written.</exception>
    public void Write(Action<TextWriter> write)
    {
        _isWritten = true;
        try
        {
            // The length of a pipe or a device cannot be set.
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
