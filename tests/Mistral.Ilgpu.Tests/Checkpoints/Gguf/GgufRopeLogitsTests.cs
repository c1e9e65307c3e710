using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Conversion;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.Gguf;

/// <summary>
/// Scaled positions and queries as GGUF files hold them, inside and past the original length, against llama.cpp. That computes in
/// 32 bits with a cache of 32 bits.
/// </summary>
public sealed class GgufRopeLogitsTests : IDisposable
{
    // Float32 against float64: without their scaling these models differ by 0.12 at least.
    private const double FloatError = 2e-5;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Variants => [.. RopeVariant.Names];

    public static TheoryData<string, string> DevicesAndVariants => TestDevice.Rows(["cpu", "opencl"], RopeVariant.Names);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Variants))]
    public void Reference_OfScaledPositions_EqualsLlamaCpp(string name)
    {
        var variant = new RopeVariant(name);
        using var checkpoint = variant.Write(_folder.File("model.gguf"));
        for (int prompt = 0; prompt < RopeVariant.Prompts.Count; prompt++)
        {
            double[] expected = variant.Logits(prompt);
            double[] found = new ReferenceModel(checkpoint).Forward(RopeVariant.Prompts[prompt])[^1];
            Assert.InRange(LogitsTests.RelativeError(expected, [.. found.Select(value => (float)value)]), 0, FloatError);
        }
    }

    [Theory]
    [MemberData(nameof(DevicesAndVariants))]
    public void Logits_OfScaledPositions_EqualLlamaCpps(string device, string name)
    {
        var variant = new RopeVariant(name);
        using var checkpoint = variant.Write(_folder.File("model.gguf"));
        CheckLogits(variant, checkpoint, device);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Convert_OfScaledPositions_KeepsTheBits(string name)
    {
        var variant = new RopeVariant(name);
        using var original = variant.Write(_folder.File("model.gguf"));
        ModelConversion.Convert(original, _folder.File("hf"), null);
        using var folder = Checkpoint.Open(_folder.File("hf"));
        ModelConversion.Convert(folder, _folder.File("back.gguf"), null);
        using var back = Checkpoint.Open(_folder.File("back.gguf"));
        float[] expected = Logits(original, "cpu", RopeVariant.Prompts[1]);
        Assert.Equal(expected, Logits(folder, "cpu", RopeVariant.Prompts[1]));
        Assert.Equal(expected, Logits(back, "cpu", RopeVariant.Prompts[1]));
    }

    private static void CheckLogits(RopeVariant variant, Checkpoint checkpoint, string device)
    {
        for (int prompt = 0; prompt < RopeVariant.Prompts.Count; prompt++)
        {
            float[] found = Logits(checkpoint, device, RopeVariant.Prompts[prompt]);
            Assert.InRange(LogitsTests.RelativeError(variant.Logits(prompt), found), 0, FloatError);
        }
    }

    // All but the last tokens as a prompt, those one by one.
    private static float[] Logits(Checkpoint checkpoint, string device, int[] ids)
    {
        var options = new ModelOptions(CacheType: TensorFormat.Float32);
        using var model = MistralModel.LoadUntested(checkpoint, TestDevice.Get(device), options);
        using var text = new ModelText(model);
        text.Forward(ids.AsSpan(..^3));
        foreach (int id in ids.AsSpan(^3..))
        {
            text.Forward([id]);
        }

        var logits = new float[checkpoint.Config.VocabularySize];
        text.ReadLogits(logits);
        return logits;
    }
}
