using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.Gguf;

/// <summary>The logits of one model in every type, against llama.cpp's and against float64 over the same weights.</summary>
public sealed class GgufLogitsTests
{
    private const double FloatError = 1e-3;

    public static TheoryData<string, string> Cases => new(
        from device in new[] { "cpu", "opencl", "cuda" }
        from type in new[] { "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL" }
        // Products in every type are tested on every device; whole models take long on the slower.
        where device is "opencl" or "cuda" || type is "Q8_0" or "Q4_K" || (device == "cpu" && type == "F16")
        select (device, type));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_FloatActivations_EqualFloat64(string device, string type)
    {
        using var checkpoint = Open(type);
        double[] expected = new ReferenceModel(checkpoint).Forward(Ids(type))[^1];
        var options = new ModelOptions(CacheType: TensorFormat.Float32, Activations: ActivationType.Float32);
        Assert.InRange(RelativeError(expected, Logits(device, checkpoint, options, type)), 0, FloatError);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_AsRunByDefault_AreNearLlamaCpps(string device, string type)
    {
        // llama.cpp rounds activations to eight bits too, in blocks of 32 before Q8_0, Q4_0, Q4_1, Q5_0 and IQ4_NL and of 256
        // before K-quants, to 16 bits before 16-bit weights; two such paths differ by the two roundings.
        double bound = type switch
        {
            "F16" => 2e-3,
            "BF16" => 1e-2,
            _ when type.EndsWith("_K", StringComparison.Ordinal) => 4e-2,
            _ => 2e-2,
        };
        using var checkpoint = Open(type);
        double[] expected = [.. Reference(type).GetProperty("logits_last").EnumerateArray().Select(value => value.GetDouble())];
        Assert.InRange(RelativeError(expected, Logits(device, checkpoint, new ModelOptions(), type)), 0, bound);
    }

    [Theory]
    [InlineData("cpu", "Q4_K")]
    [InlineData("opencl", "Q8_0")]
    [InlineData("opencl", "Q6_K")]
    [InlineData("cuda", "Q4_0")]
    public void Prefill_OfQuantizedWeights_EqualsDecode(string device, string type)
    {
        using var checkpoint = Open(type);
        using var model = MistralModel.Load(checkpoint, TestDevice.Get(device), new ModelOptions(CacheType: TensorFormat.Float32));
        using var text = new ModelText(model);
        int[] ids = Ids(type);
        // Tensor cores take the activations of prompts in 16 bits, and of decoded tokens in 8.
        double bound = model.Device.Info.CudaArchitecture >= 80 ? 2e-2 : 1e-5;
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

    private static Checkpoint Open(string type) => Checkpoint.Open(SharedData.PathOf($"data/gguf/mini-{type}.gguf"));

    private static System.Text.Json.JsonElement Reference(string type) => SharedData.Json($"data/gguf/ref/logits-{type}.json");

    private static int[] Ids(string type) => [.. Reference(type).GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];

    private static float[] Logits(string device, Checkpoint checkpoint, ModelOptions options, string type)
    {
        using var model = MistralModel.Load(checkpoint, TestDevice.Get(device, isLong: type is not ("BF16" or "Q8_0" or "Q4_K")), options);
        using var text = new ModelText(model);
        text.Forward(Ids(type));
        var logits = new float[checkpoint.Config.VocabularySize];
        text.ReadLogits(logits);
        return logits;
    }

    private static double RelativeError(double[] expected, float[] found) => Math.Sqrt(
        expected.Zip(found, (a, b) => (a - b) * (a - b)).Sum() / expected.Sum(value => value * value));
}
