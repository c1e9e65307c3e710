using System.Text;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>Reading a large tensor must not make it resident.</summary>
public sealed class ResidentMemoryTests
{
    private const int Rows = 1 << 16;
    private const int Columns = 1 << 10;
    private const long MostGrowth = 64 << 20;

    [Theory]
    [InlineData(0, Rows)]
    [InlineData(128, Rows)]
    [InlineData(0, 512)]
    public void CopyRows_OfALargeFile_KeepsMemoryFlat(int splitHeadDim, int rowsAtOnce)
    {
        using var folder = new TemporaryFolder();
        using var source = WriteSparse(folder.File("large.safetensors"));
        var tensor = CheckpointTensor.Of(
            new ExpectedTensor("w", "w", Rows, Columns, splitHeadDim), SafetensorsFile.ReadHeader(source).Single());
        var room = new byte[rowsAtOnce * Columns * 2];
        Array.Fill(room, (byte)1);

        long before = Environment.WorkingSet;
        long peak = PeakWhile(() =>
        {
            for (int row = 0; row < Rows; row += rowsAtOnce)
            {
                tensor.CopyRows(row, rowsAtOnce, TensorFormat.BFloat16, room);
            }
        });

        Assert.InRange(peak - before, long.MinValue, MostGrowth);
        // The last weight is 1, all others 0: the whole file was read, up to its end.
        Assert.Equal(0x3F80, BitConverter.ToUInt16(room.AsSpan(^2)));
        Assert.Equal(0, room.AsSpan(..^2).IndexOfAnyExcept((byte)0) + 1);
    }

    private static DiskFile WriteSparse(string path)
    {
        byte[] header = Encoding.UTF8.GetBytes(
            $"{{\"w\":{{\"dtype\":\"F32\",\"shape\":[{Rows},{Columns}],\"data_offsets\":[0,{4L * Rows * Columns}]}}}}");
        using (var file = File.Create(path))
        {
            file.Write(BitConverter.GetBytes((long)header.Length));
            file.Write(header);
            file.SetLength(file.Position + (4L * Rows * Columns));
            file.Seek(-4, SeekOrigin.End);
            file.Write(BitConverter.GetBytes(1f));
        }

        return DiskFile.Open(path);
    }

    private static long PeakWhile(Action work)
    {
        long peak = 0;
        using var done = new CancellationTokenSource();
        var watch = new Thread(() =>
        {
            do
            {
                peak = Math.Max(peak, Environment.WorkingSet);
            }
            while (!done.Token.WaitHandle.WaitOne(1));
        });
        watch.Start();
        work();
        done.Cancel();
        watch.Join();
        return peak;
    }
}
