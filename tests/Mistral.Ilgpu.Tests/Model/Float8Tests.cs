using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Conversion;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Checkpoints.Conversion;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Models whose matrices are in fp8, each with a scale, against the float64 forward pass over the same weights.</summary>
public sealed class Float8Tests : IDisposable
{
    private const double Float32Error = 1e-5;

    // The output matrix stays in bf16, and tensor cores round the activations that it takes.
    private const double RoundedError = 2e-2;

    private readonly TemporaryFolder _folder = new();
    private readonly Checkpoint _original;
    private readonly Checkpoint _converted;

    public Float8Tests()
    {
        _original = ConvertedModel.Write(_folder.File("bf16"), dim: 96, change: GrowKeysAndUps);
        ModelConversion.Convert(_original, _folder.File("fp8"), TensorFormat.Float8);
        _converted = Checkpoint.Open(_folder.File("fp8"));
    }

    public static TheoryData<string> Devices => TestDevice.AllWithCudaLong;

    public void Dispose()
    {
        _original.Dispose();
        _converted.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Convert_ToFloat8_KeepsTablesAndGivesEachMatrixAScale()
    {
        Assert.Equal(TensorFormat.BFloat16, _converted.Tensors[TensorNames.Embedding].Format);
        Assert.Equal(TensorFormat.BFloat16, _converted.Tensors[TensorNames.Output].Format);
        var (before, after) = (_original.Tensors[TensorNames.Query(1)], _converted.Tensors[TensorNames.Query(1)]);
        Assert.Equal(TensorFormat.Float8, after.Format);
        float[] right = Values(before);
        float[] found = Values(after);
        float largest = right.Max(MathF.Abs);
        Assert.Equal(largest, found.Max(MathF.Abs), tolerance: largest * 1e-6);
        // Half of a last bit of three, and of the smallest number.
        Assert.All(right.Zip(found), pair => Assert.InRange(
            MathF.Abs(pair.First - pair.Second), 0, (MathF.Abs(pair.First) / 16) + (largest / 448 / 1024)));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Logits_OfAFile_EqualReference(string name) => Check(TestDevice.Get(name));

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Logits_InTheFormsForGpus_EqualReference()
    {
        using var device = TestDevice.OpenAs(KernelFamily.Gpu);
        Check(device);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Load_AsFloat8_GivesTheFilesLogits(string name)
    {
        int[] ids = LogitsTests.RandomIds(new Random(3), 9, _original.Config.VocabularySize);
        Assert.Equal(
            Logits(_converted, new ModelOptions(Chunk: 5), name, ids),
            Logits(_original, new ModelOptions(TensorFormat.Float8, Chunk: 5), name, ids));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void SelfTest_OfFloat8_Passes(string name) =>
        SelfTest.Run(TestDevice.Get(name), [TensorFormat.Float8], TensorFormat.Float16, ActivationType.Int8);

    // Matrices that are stacked on the device have scales of their own.
    private static void GrowKeysAndUps(Dictionary<string, (string Type, long[] Shape, byte[] Bytes)> tensors)
    {
        foreach (var (name, (type, shape, bytes)) in tensors.ToList())
        {
            if (name.Contains("k_proj", StringComparison.Ordinal) || name.Contains("up_proj", StringComparison.Ordinal))
            {
                var values = new float[bytes.Length / sizeof(ushort)];
                TensorFormat.BFloat16.Decode(bytes, values);
                var grown = new byte[bytes.Length];
                TensorFormat.BFloat16.Encode([.. values.Select(value => 1.5f * value)], grown);
                tensors[name] = (type, shape, grown);
            }
        }
    }

    private void Check(ComputeDevice device)
    {
        int[] ids = LogitsTests.RandomIds(new Random(1), 19, _converted.Config.VocabularySize);
        var expected = new ReferenceModel(_converted).Forward(ids);
        using var model = MistralModel.LoadUntested(
            _converted, device, new ModelOptions(CacheType: TensorFormat.Float32, Chunk: 5));
        using var text = new ModelText(model);
        var logits = new float[_converted.Config.VocabularySize];
        text.Forward(ids.AsSpan(..^3));
        for (int i = ids.Length - 3; i < ids.Length; i++)
        {
            text.ReadLogits(logits);
            Assert.InRange(
                LogitsTests.RelativeError(expected[i - 1], logits), 0,
                device.Info.CudaArchitecture >= 80 ? RoundedError : Float32Error);
            text.Forward([ids[i]]);
        }
    }

    private static float[] Logits(Checkpoint checkpoint, ModelOptions options, string name, int[] ids)
    {
        using var model = MistralModel.LoadUntested(checkpoint, TestDevice.Get(name), options);
        using var text = new ModelText(model);
        text.Forward(ids);
        var logits = new float[checkpoint.Config.VocabularySize];
        text.ReadLogits(logits);
        return logits;
    }

    private static float[] Values(CheckpointTensor tensor)
    {
        byte[] bytes = ConvertedModel.Bytes(tensor, TensorFormat.Float32);
        return [.. Enumerable.Range(0, bytes.Length / sizeof(float)).Select(i => BitConverter.ToSingle(bytes, i * sizeof(float)))];
    }
}
