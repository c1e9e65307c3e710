using System.Buffers.Binary;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>
/// A tensor of random weights as if it lay in a file: its bytes are made where they are read, the same ones each time
/// and on every device.
/// </summary>
internal sealed class RandomTensor(string name, TensorFormat format, int rows, int columns, uint key)
    : ByteSource($"random: {name}", format.BytesOf((long)rows * columns))
{
    private const int BytesAtOnce = 1 << 18;
    private const int RunLength = 1024;

    public TensorFormat Format { get; } = format;

    /// <summary>What <see cref="RandomBits"/> takes.</summary>
    public uint Key { get; } = key;

    /// <summary>Weights spread evenly over ± this: their variance is 1 / columns, which keeps activations of size one.</summary>
    public float Amplitude { get; } = MathF.Sqrt(3f / columns);

    /// <summary>What elements are multiplied with, see <see cref="FormatDescriptor.Largest"/>.</summary>
    public float Scale => Format.Descriptor().Largest is { } most ? Amplitude / most : 1;

    /// <summary>Elements before the scale spread evenly over ± this.</summary>
    public float ElementAmplitude => Format.Descriptor().Largest ?? Amplitude;

    /// <summary>Gains of a norm, which are one.</summary>
    public bool IsGain { get; } = rows == 1;

    /// <summary>The words of a block's scales, see <see cref="FillRandomScales"/>.</summary>
    public ushort[] ScalePattern { get; } =
        (format.Descriptor() as BlockDescriptor)?.ScalePattern(MathF.Sqrt(1f / columns)) ?? [];

    public override unsafe void Read(long offset, Span<byte> destination)
    {
        int length = destination.Length;
        int unit = Format.BlockBytes();
        int step = BytesAtOnce / unit * unit;
        fixed (byte* start = destination)
        {
            // Lambdas cannot hold what is fixed, only copies; the call below ends before it is released.
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
