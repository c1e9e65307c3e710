using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.Gguf;

/// <summary>The logits of one model in every type, against llama.cpp's and against float64 over the same weights.</summary>
public sealed class GgufLogitsTests
{
    private const double FloatError = 1e-3;

    public static TheoryData<TensorFormat> Formats => [.. GgufData.Formats];

    public static TheoryData<string, TensorFormat> Cases =>
        // A type's first model on the PTX machine takes as long as its kernels take to compile.
        TestDevice.Rows(["cpu", "opencl", "cuda"], GgufData.Formats, (device, _) => device == "cuda");

    [Theory]
    [MemberData(nameof(Formats))]
    public void Open_FileOfLlamaCpp_HasThePromptsIdsAndMatricesOfItsFormat(TensorFormat format)
    {
        using var checkpoint = GgufData.Open(format);
        var reference = GgufData.Logits(format);
        var tokenizer = checkpoint.Tokenizer;
        IEnumerable<int> found = [tokenizer.BosId, .. tokenizer.EncodeToIds(reference.GetProperty("prompt").GetString()!)];
        Assert.Equal(Ids(format), found);
        Assert.All(
            checkpoint.Tensors.Values, tensor => Assert.Equal(tensor.Name.Contains("norm", StringComparison.Ordinal) ? TensorFormat.Float32 : format, tensor.Format));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_FloatActivations_EqualFloat64(string device, TensorFormat format)
    {
        using var checkpoint = GgufData.Open(format);
        double[] expected = new ReferenceModel(checkpoint).Forward(Ids(format))[^1];
        var options = new ModelOptions(CacheType: TensorFormat.Float32, Activations: ActivationType.Float32);
        Assert.InRange(RelativeError(expected, Logits(device, checkpoint, options, format)), 0, FloatError);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_AsRunByDefault_AreNearLlamaCpps(string device, TensorFormat format)
    {
        // llama.cpp rounds activations to eight bits too, in blocks of 32 before formats in blocks of 32, and of 256 before the
        // others. Before 16-bit weights it rounds to 16 bits. Two such paths differ by the two roundings. The bounds are the
        // worst in the library's README.
        double bound = format switch
        {
            TensorFormat.Float32 or TensorFormat.Float16 => 1e-3,
            TensorFormat.BFloat16 => 5.4e-3,
            _ => format.BlockLength() == 32 ? 2.2e-2 : 3.6e-2,
        };
        using var checkpoint = GgufData.Open(format);
        double[] expected =
            [.. GgufData.Logits(format).GetProperty("logits_last").EnumerateArray().Select(value => value.GetDouble())];
        Assert.InRange(RelativeError(expected, Logits(device, checkpoint, new ModelOptions(), format)), 0, bound);
    }

    [Theory]
    [InlineData("cpu", TensorFormat.Q4_K)]
    [InlineData("opencl", TensorFormat.Q8_0, Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData("opencl", TensorFormat.Q6_K, Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData("cuda", TensorFormat.Q4_0, Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    public void Prefill_OfQuantizedWeights_EqualsDecode(string device, TensorFormat format)
    {
        using var checkpoint = GgufData.Open(format);
        using var model = MistralModel.LoadUntested(
            checkpoint, TestDevice.Get(device), new ModelOptions(CacheType: TensorFormat.Float32));
        using var text = new ModelText(model);
        int[] ids = Ids(format);
        // Tensor cores take the activations of prompts in 16 bits, and of decoded tokens in 8.
        double bound = model.Devices[0].Info.CudaArchitecture >= 80 ? 2e-2 : 1e-5;
        var whole = new float[checkpoint.Config.VocabularySize];
        text.Forward(ids);
        text.ReadLogits(whole);
        text.Reset();
        foreach (int id in ids)
        {
            text.Forward([id]);
        }

        var single = new float[whole.Length];
        text.ReadLogits(single);
        Assert.InRange(RelativeError([.. whole.Select(value => (double)value)], single), 0, bound);
    }

    private static int[] Ids(TensorFormat format) =>
        [.. GgufData.Logits(format).GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];

    private static float[] Logits(string device, Checkpoint checkpoint, ModelOptions options, TensorFormat format)
    {
        using var model = MistralModel.LoadUntested(
            checkpoint,
            TestDevice.Get(device, isLong: format is not (TensorFormat.BFloat16 or TensorFormat.Q8_0 or TensorFormat.Q4_K)),
            options);
        using var text = new ModelText(model);
        text.Forward(Ids(format));
        var logits = new float[checkpoint.Config.VocabularySize];
        text.ReadLogits(logits);
        return logits;
    }

    private static double RelativeError(double[] expected, float[] found) => Math.Sqrt(
        expected.Zip(found, (a, b) => (a - b) * (a - b)).Sum() / expected.Sum(value => value * value));
}
