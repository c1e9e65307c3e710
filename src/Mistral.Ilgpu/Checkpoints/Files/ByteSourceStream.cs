namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>Presents a source as a stream.</summary>
internal sealed class ByteSourceStream(ByteSource source) : Stream
{
    private const int MostAtOnce = 1 << 20;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => source.Length;

    public override long Position { get; set; }

    public override int Read(Span<byte> buffer)
    {
        int count = (int)Math.Min(Math.Min(buffer.Length, MostAtOnce), Math.Max(0, Length - Position));
        if (count == 0)
        {
            return 0;
        }

        source.Read(Position, buffer[..count]);
        Position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin)
    {
        long to = offset + origin switch
        {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => Position,
            _ => Length,
        };
        return Position = to >= 0 ? to : throw new IOException("a position before the start of the file");
    }

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
