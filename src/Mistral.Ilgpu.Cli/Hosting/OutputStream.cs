namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>An unbuffered output stream with its own handling of errors.</summary>
/// <param name="failure">Maps an error to the exception to throw; null drops the data.</param>
internal sealed class OutputStream(Stream inner, Func<Exception, Exception?> failure) : Stream
{
    private const int BrokenPipe = 32;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>For messages. Errors are ignored, because results matter more.</summary>
    public static OutputStream ForMessages(Stream inner) => new(inner, _ => null);

    /// <summary>For results. Writing throws <see cref="ReaderGoneException"/> or <see cref="ResultException"/>.</summary>
    /// <param name="name">The name of the output in messages.</param>
    public static OutputStream ForResults(Stream inner, string name) => new(
        inner, error => error.HResult == BrokenPipe ? new ReaderGoneException() : new ResultException(name, error));

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (failure(exception) is { } other)
            {
                throw other;
            }
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
