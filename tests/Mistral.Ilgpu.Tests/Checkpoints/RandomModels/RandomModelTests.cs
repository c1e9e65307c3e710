using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.RandomModels;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.RandomModels;

public sealed class RandomModelTests
{
    public static TheoryData<string, TensorFormat> Cases =>
        TestDevice.Rows(["cpu", "opencl", "cuda"], Enum.GetValues<TensorFormat>());

    public static TheoryData<TensorFormat> Formats => [.. Enum.GetValues<TensorFormat>()];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Fill_OnADevice_MakesTheHostsBytes(string name, TensorFormat format)
    {
        const int Rows = 37;
        const int Columns = 256;
        var device = TestDevice.Get(name);
        using var tensor = new RandomTensor("w", format, Rows, Columns, 99);
        long size = WeightBand.SizeOf(Rows, Columns, format, WeightLayout.Rows);
        var expected = new WeightBand(0, Rows, Columns, format, device.Zeros<byte>(size));
        var found = new WeightBand(0, Rows, Columns, format, device.Zeros<byte>(size));
        byte[] bytes = tensor.ReadAll(0, (int)tensor.Length);
        using var stream = new WeightStream(device);
        stream.Write(bytes, expected, 0, Rows);
        // In two pieces, as large tensors come.
        const int Piece = Rows / 3;
        FormatForms.Of(format).FillRandom(device, tensor, 0, found, 0, Piece);
        FormatForms.Of(format).FillRandom(device, tensor, Piece, found, Piece, Rows - Piece);
        Assert.Equal(device.Download(expected.Bytes), device.Download(found.Bytes));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Weights_OfAnyFormat_HaveTheDeviationThatKeepsActivations(TensorFormat format)
    {
        const int Rows = 64;
        const int Columns = 1024;
        using var tensor = new RandomTensor("w", format, Rows, Columns, 5);
        var checkpointTensor = CheckpointTensor.Of(
            new ExpectedTensor("w", "w", Rows, Columns), new StoredTensor("w", format.StoredName(), [Rows, Columns], tensor, 0, tensor.Length) { Scale = tensor.Scale });
        var values = new float[Rows * Columns];
        checkpointTensor.CopyRows(
            0, Rows, TensorFormat.Float32, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
        double deviation = Math.Sqrt(values.Average(value => (double)value * value));
        Assert.InRange(deviation * Math.Sqrt(Columns), 0.95, 1.05);
        Assert.InRange(values.Average() * Math.Sqrt(Columns), -0.05, 0.05);
    }

    [Fact]
    public void Bytes_LookedAtInPieces_AreTheSame()
    {
        using var tensor = new RandomTensor("w", TensorFormat.Q4_K, 100, 512, 3);
        byte[] whole = tensor.ReadAll(0, (int)tensor.Length);
        int row = (int)TensorFormat.Q4_K.BytesOf(512);
        Assert.Equal(whole[(7 * row)..(12 * row)], tensor.ReadAll(7 * row, 5 * row));
    }

    [Theory]
    [InlineData("random:mistral-7b", 7_241_732_096, 4096, TensorFormat.BFloat16)]
    [InlineData("random:mistral-7b-v0.3:q4_k", 7_248_023_552, null, TensorFormat.Q4_K)]
    [InlineData("random:nemo-12b:f16", 12_247_782_400, null, TensorFormat.Float16)]
    [InlineData("random:ministral-8b:q8_0", 8_019_808_256, 131072, TensorFormat.Q8_0)]
    [InlineData("random:small-24b", 23_572_403_200, null, TensorFormat.BFloat16)]
    [InlineData("random:codestral-22b:q6_k", 22_247_282_688, null, TensorFormat.Q6_K)]
    public void Open_OfTheFamily_HasItsShape(string model, long parameters, int? window, TensorFormat format)
    {
        using var checkpoint = Checkpoint.Open(model);
        Assert.Equal(parameters, MistralGraph.ParameterCountOf(checkpoint.Config));
        Assert.Equal(window, checkpoint.Config.WindowOf(0));
        Assert.Equal(format, checkpoint.Tensors[TensorNames.Gate(3)].Format);
    }

    [Fact]
    public void Open_ShapeOfAFile_IsTaken()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("params.json"), """{"dim": 64, "n_layers": 2, "hidden_dim": 128, "n_heads": 4, "n_kv_heads": 2, "norm_eps": 1e-5, "vocab_size": 300}""");
        using var checkpoint = Checkpoint.Open($"random:{folder.File("params.json")}:q8_0");
        Assert.Equal(
            (64, 16, TensorFormat.Q8_0),
            (checkpoint.Config.Dim, checkpoint.Config.HeadDim, checkpoint.Tensors[TensorNames.Down(1)].Format));
        Assert.Equal([1, 2], new[] { checkpoint.Tokenizer.BosId, checkpoint.Tokenizer.EosId });
    }

    [Theory]
    [InlineData(int.MaxValue, 128)]
    [InlineData(4096, 1 << 27)]
    public void Open_ShapeThatNoDeviceHolds_IsRefused(int layers, int feedForward)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.File("params.json"), $$"""{"dim": 65536, "n_layers": {{layers}}, "hidden_dim": {{feedForward}}, "n_heads": 4, "head_dim": 16, "norm_eps": 1e-5, "vocab_size": 300}""");
        string message = Assert.Throws<ModelFileException>(() => Checkpoint.Open($"random:{folder.File("params.json")}")).Message;
        Assert.Contains($"found a shape of {layers} layers, expected at most 4096", message);
    }

    [Theory]
    [InlineData("random:", "mistral-7b-v0.1, ")]
    [InlineData("random:mistral-8b", "mistral-7b-v0.1, ")]
    [InlineData("random:mistral-7b:q9", "found type 'q9', expected f32, ")]
    public void Open_UnknownName_NamesThoseThereAre(string model, string names)
    {
        string message = Assert.Throws<ModelFileException>(() => Checkpoint.Open(model)).Message;
        Assert.Contains(names, message);
        Assert.DoesNotContain('\n', message);
    }
}
