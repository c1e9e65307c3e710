using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Checkpoints.Conversion;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>Matrices in fp8 as the makers' files have them: a scale beside each, by several names.</summary>
public sealed class TensorScalesTests : IDisposable
{
    private const string Query = "model.layers.0.self_attn.q_proj.weight";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("weight_scale_inv", "activation_scale")]
    [InlineData("weight_scale", "input_scale")]
    [InlineData("qscale_weight", "qscale_act")]
    public void Open_OfAMatrixWithAScale_MultipliesByIt(string scale, string left)
    {
        Write(tensors =>
        {
            tensors[Named(scale)] = ("BF16", [], Bytes16(0x3E80)); // 0.25
            tensors[Named(left)] = ("F32", [1], BitConverter.GetBytes(3f));
        });
        using var checkpoint = Checkpoint.Open(_folder.Path);
        var tensor = checkpoint.Tensors[TensorNames.Query(0)];
        Assert.Equal(TensorFormat.Float8, tensor.Format);
        byte[] found = ConvertedModel.Bytes(tensor, TensorFormat.Float32);
        Assert.Equal(0.25f * Float8.Decode(Bits(0)), BitConverter.ToSingle(found));
        Assert.Equal(ConvertedModel.Bytes(tensor, TensorFormat.Float8)[0], Bits(0));
    }

    [Fact]
    public void Open_WithoutAScale_Fails() => Refuse(
        _ => { }, $"{Query}: found F8_E4M3 without a scale, expected model.layers.0.self_attn.q_proj.weight_scale_inv or");

    [Fact]
    public void Open_OfSeveralScales_Fails() => Refuse(
        tensors => tensors[Named("weight_scale_inv")] = ("F32", [2], new byte[8]),
        $"{Named("weight_scale_inv")}.shape: found [2], expected one scale for the whole tensor");

    [Fact]
    public void Open_OfAScaleOfZero_Fails() => Refuse(
        tensors => tensors[Named("weight_scale_inv")] = ("F32", [], new byte[4]),
        $"{Named("weight_scale_inv")}: found 0, expected a positive number");

    [Fact]
    public void Open_OfAScaleOfWholeNumbers_Fails() => Refuse(
        tensors => tensors[Named("weight_scale_inv")] = ("I32", [], new byte[4]),
        $"{Named("weight_scale_inv")}.dtype: found I32, expected F32, F16 or BF16");

    [Fact]
    public void Open_OfBlocksWithScales_Fails()
    {
        var random = new RandomCheckpoint(5);
        random.Config["quantization_config"] = new { quant_method = "fp8", weight_block_size = new[] { 128, 128 } };
        random.Write(_folder.Path);
        var error = Assert.Throws<ModelFileException>(() => Checkpoint.Open(_folder.Path));
        Assert.Contains("weight_block_size: found [128,128], expected null: weights have one scale for a tensor", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TensorFormat.Float8)]
    [InlineData(TensorFormat.Float32)]
    [InlineData(TensorFormat.BFloat16)]
    public void CopyRows_OfNaN_Fails(TensorFormat target)
    {
        Write(tensors =>
        {
            tensors[Query].Bytes[5] = 0xFF;
            tensors[Named("weight_scale_inv")] = ("F32", [], BitConverter.GetBytes(1f));
        });
        using var checkpoint = Checkpoint.Open(_folder.Path);
        var error = Assert.Throws<ModelFileException>(
            () => ConvertedModel.Bytes(checkpoint.Tensors[TensorNames.Query(0)], target));
        Assert.Contains($"not a finite {target.ShortName()} number at row 0, column 5", error.Message, StringComparison.Ordinal);
    }

    private void Refuse(Action<Dictionary<string, (string Type, long[] Shape, byte[] Bytes)>> change, string expected)
    {
        Write(change);
        var error = Assert.Throws<ModelFileException>(() => Checkpoint.Open(_folder.Path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private void Write(Action<Dictionary<string, (string Type, long[] Shape, byte[] Bytes)>> change)
    {
        var random = new RandomCheckpoint(5)
        {
            Damage = tensors =>
            {
                var shape = tensors[Query].Shape;
                tensors[Query] = ("F8_E4M3", shape, [.. Enumerable.Range(0, (int)(shape[0] * shape[1])).Select(Bits)]);
                change(tensors);
            },
        };
        random.Config["quantization_config"] =
            new { quant_method = "fp8", activation_scheme = "static", weight_block_size = (int[]?)null };
        random.Write(_folder.Path);
    }

    private static byte Bits(int i) => (byte)((i + 0x31) % 0x7F);

    private static string Named(string scale) => Query[..^"weight".Length] + scale;

    private static byte[] Bytes16(ushort bits) => BitConverter.GetBytes(bits);
}
