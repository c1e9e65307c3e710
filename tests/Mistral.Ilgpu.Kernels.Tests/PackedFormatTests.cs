using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// CUDA forms read blocks in few loads and decode them by inline PTX. The result is, to the bit, what all other forms find one by
/// one.
/// </summary>
public sealed class PackedFormatTests
{
    private const int Blocks = 64;

    public static TheoryData<string> Formats => [.. KernelCatalog.All.Select(form => form.Kernel).Where(kernel => kernel.Name == "BlockEmbed`1").Select(kernel => kernel.GetGenericArguments()[0].Name)];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Run_ReadAsPacks_IsThatOfTheFormat(string format)
    {
        var type = typeof(IPackedFormat).Assembly.GetType($"{typeof(IPackedFormat).Namespace}.{format}")!;
        typeof(PackedFormatTests).GetMethod(nameof(Check), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.MakeGenericMethod(type).Invoke(null, null);
    }

    private static void Check<TFormat>()
        where TFormat : struct, IPackedFormat
    {
        var device = TestDevice.Get("cuda");
        var random = new Random(5);
        byte[] quants = new byte[Blocks * TFormat.QuantBytes];
        random.NextBytes(quants);
        // Any halves but infinities and NaN, which models have not; many of them are subnormal.
        ushort[] scales = [.. Enumerable.Range(0, Blocks * TFormat.ScaleWords).Select(_ => (ushort)random.Next(1 << 16) is var bits && (bits & 0x7C00) == 0x7C00 ? (ushort)(bits ^ 0x4000) : bits)];
        scales[0] = 0x8001;
        int runs = Blocks * (TFormat.BlockLength / BlockRun.Length);
        var quantsOneByOne = device.Zeros<uint>(runs * AllWays<TFormat>.Words);
        var quantsApart = device.Zeros<uint>(quantsOneByOne.Length);
        var quantsPacked = device.Zeros<uint>(quantsApart.Length);
        int[] x = [.. Enumerable.Range(0, runs * AllWays<TFormat>.Words).Select(_ => random.Next(int.MinValue, int.MaxValue))];
        var dotsOfQuants = device.Zeros<float>(2 * runs);
        var dotsPacked = device.Zeros<float>(2 * runs);
        var scalesApart = device.Zeros<Floats4>(runs);
        var scalesPacked = device.Zeros<Floats4>(runs);
        var scalesIn = device.Zeros<Floats4>(runs);

        device.Launch(new KernelConfig(runs, 1), new AllWays<TFormat>(device.Upload(quants), device.Upload(scales), quantsOneByOne, quantsApart, quantsPacked, scalesApart, scalesPacked, device.Upload(x), dotsOfQuants, dotsPacked, scalesIn));

        uint[] expected = device.Download(quantsOneByOne);
        Assert.Equal(expected, device.Download(quantsApart));
        Assert.Equal(expected, device.Download(quantsPacked));
        Assert.Equal(device.Download(dotsOfQuants), device.Download(dotsPacked));
        Assert.Equal(device.Download(scalesApart), device.Download(scalesPacked));
        Assert.Equal(device.Download(scalesApart), device.Download(scalesIn));
    }
}

/// <summary>Each thread reads a run of a block quant by quant, by word and by pack.</summary>
public readonly record struct AllWays<TFormat>(
    ArrayView<byte> Quants, ArrayView<ushort> Scales, ArrayView<uint> QuantsOneByOne, ArrayView<uint> QuantsApart, ArrayView<uint> QuantsPacked, ArrayView<Floats4> ScalesApart, ArrayView<Floats4> ScalesPacked,
    ArrayView<int> X, ArrayView<float> DotsOfQuants, ArrayView<float> DotsPacked, ArrayView<Floats4> ScalesIn) : IKernel
    where TFormat : struct, IPackedFormat
{
    /// <summary>Of four quants, in a run.</summary>
    public const int Words = 8;

    public void Execute()
    {
        int runsInBlock = TFormat.BlockLength / BlockRun.Length;
        long block = Grid.IdxX / runsInBlock;
        int run = Grid.IdxX % runsInBlock;
        for (int word = 0; word < Words; word++)
        {
            uint four = 0;
            for (int i = 0; i < 4; i++)
            {
                four |= ((uint)TFormat.Quant(Quants, block * TFormat.QuantBytes, run, word >> 2, (4 * (word & 3)) + i) & 255) << (8 * i);
            }

            QuantsOneByOne[(Grid.IdxX * Words) + word] = four;
            QuantsApart[(Grid.IdxX * Words) + word] = TFormat.Four(Quants, block, run, word >> 2, word & 3);
        }

        var quants = TFormat.Quants(TFormat.Words(Quants, block, run), run);
        Write(quants.Low, 0);
        Write(quants.High, 4);
        var fields = TFormat.Fields(run);
        var x = X.Cast<Pack>();
        var (low, high) = (x[2 * Grid.IdxX], x[(2 * Grid.IdxX) + 1]);
        WriteDots(DotsOfQuants, RunDots.Of<TFormat>(quants, fields, low, high));
        WriteDots(DotsPacked, TFormat.Dots(TFormat.Words(Quants, block, run), fields, low, high));
        ScalesApart[Grid.IdxX] = Used(TFormat.Scale(Scales, block * TFormat.ScaleWords, run));
        ScalesPacked[Grid.IdxX] = Used(TFormat.ScaleOf(TFormat.ScaleWordsOf(Scales, block, run), run));
        ScalesIn[Grid.IdxX] = Used(TFormat.ScaleIn(TFormat.ScaleWordsOf(Scales, block, run), fields));
    }

    private static void WriteDots(ArrayView<float> to, RunDots dots)
    {
        to[2 * Grid.IdxX] = dots.Low;
        to[(2 * Grid.IdxX) + 1] = dots.High;
    }

    private void Write(Pack pack, int word)
    {
        int at = (Grid.IdxX * Words) + word;
        QuantsPacked[at] = pack.A;
        QuantsPacked[at + 1] = pack.B;
        QuantsPacked[at + 2] = pack.C;
        QuantsPacked[at + 3] = pack.D;
    }

    private static Floats4 Used(RunScale scale) =>
        new() { A = scale.Low, B = scale.High, C = scale.LowOffset, D = scale.HighOffset };
}
