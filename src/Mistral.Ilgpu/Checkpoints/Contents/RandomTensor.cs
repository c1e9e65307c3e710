using System.Buffers.Binary;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>
/// A tensor of random weights with the interface of a file. Its bytes are generated when they are read.
/// They depend on the key and the index alone, so every read and every device sees the same weights.
/// </summary>
internal sealed class RandomTensor(string name, TensorFormat format, int rows, int columns, uint key)
    : ByteSource($"random: {name}", format.BytesOf((long)rows * columns))
{
    private const int BytesAtOnce = 1 << 18;
    private const int RunLength = 1024;

    public TensorFormat Format { get; } = format;

    /// <summary>The key of <see cref="RandomBits"/>.</summary>
    public uint Key { get; } = key;

    /// <summary>
    /// Weights are uniform in ± this. Their variance is then 1 / columns, which keeps the variance of activations at one.
    /// </summary>
    public float Amplitude { get; } = MathF.Sqrt(3f / columns);

    /// <summary>The tensor's scale: weight = scale × element (see <see cref="FormatDescriptor.Largest"/>).</summary>
    public float Scale => Format.Descriptor().Largest is { } most ? Amplitude / most : 1;

    /// <summary>Elements, before the scale, are uniform in ± this.</summary>
    public float ElementAmplitude => Format.Descriptor().Largest ?? Amplitude;

    /// <summary>Whether this is the gain of a norm. All gains are 1.</summary>
    public bool IsGain { get; } = rows == 1;

    /// <summary>The words of a block's scales (see <see cref="FillRandomScales"/>).</summary>
    public ushort[] ScalePattern { get; } =
        (format.Descriptor() as BlockDescriptor)?.ScalePattern(MathF.Sqrt(1f / columns)) ?? [];

    public override unsafe void Read(long offset, Span<byte> destination)
    {
        int length = destination.Length;
        int unit = Format.BlockBytes();
        int step = BytesAtOnce / unit * unit;
        fixed (byte* start = destination)
        {
            // A lambda cannot capture a fixed pointer, but a copy of it. The pointer stays fixed until the call below returns.
            var bytes = (nint)start;
            Parallel.For(0, (length + step - 1) / step, piece =>
            {
                int at = piece * step;
                Fill(new Span<byte>((byte*)bytes + at, Math.Min(step, length - at)), (offset + at) / unit);
            });
        }
    }

    public override void Dispose()
    {
    }

    private void Fill(Span<byte> bytes, long first)
    {
        if (Format.IsQuantized())
        {
            FillBlocks(bytes, first);
            return;
        }

        int size = Format.BytesPerElement();
        int count = bytes.Length / size;
        Span<float> values = stackalloc float[RunLength];
        for (int at = 0; at < count; at += RunLength)
        {
            var run = values[..Math.Min(RunLength, count - at)];
            for (int i = 0; i < run.Length; i++)
            {
                run[i] = IsGain ? 1 : RandomBits.Value(Key, (uint)(first + at + i), ElementAmplitude);
            }

            Format.Encode(run, bytes.Slice(at * size, run.Length * size));
        }
    }

    private void FillBlocks(Span<byte> bytes, long firstBlock)
    {
        var planes = Format.Blocks().Planes;
        int blockBytes = planes.QuantBytes + planes.ScaleBytes;
        int words = ScalePattern.Length / 2;
        int quantWords = planes.QuantBytes / sizeof(uint);
        Span<byte> scales = stackalloc byte[planes.ScaleBytes];
        for (int i = 0; i < bytes.Length / blockBytes; i++)
        {
            long block = firstBlock + i;
            bool turned = RandomBits.IsTurned(Key, (uint)block);
            for (int word = 0; word < words; word++)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(
                    scales[(2 * word)..],
                    (ushort)(turned ? ScalePattern[word] ^ ScalePattern[words + word] : ScalePattern[word]));
            }

            var target = bytes.Slice(i * blockBytes, blockBytes);
            scales[..planes.QuantsAt].CopyTo(target);
            for (int word = 0; word < quantWords; word++)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(
                    target[(planes.QuantsAt + (word * sizeof(uint)))..],
                    RandomBits.Word(Key, (uint)((block * quantWords) + word)));
            }

            scales[planes.QuantsAt..].CopyTo(target[(planes.QuantsAt + planes.QuantBytes)..]);
        }
    }
}
