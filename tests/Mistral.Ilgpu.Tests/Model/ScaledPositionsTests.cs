using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>
/// Models whose positions and queries are scaled, against the float64 forward pass. They run inside and past the original length,
/// in prompts and in tokens one by one.
/// </summary>
public sealed class ScaledPositionsTests
{
    private const double Float32Error = 1e-5;
    private const double SixteenBitError = 2e-2;

    // Keys and values in eight bits; scaled queries make of the same error of a key a larger one of its weight.
    private const double QuantizedError = 8e-2;

    private const int Original = 8;

    private static readonly Dictionary<string, (string Type, object Rope)> Kinds = new()
    {
        ["ministral3"] = ("ministral3", new
        {
            rope_type = "yarn", rope_theta = 100.0, factor = 4.0, original_max_position_embeddings = Original, beta_fast = 1.2,
            beta_slow = 0.2, mscale = 1.0, mscale_all_dim = 0.3, llama_4_scaling_beta = 1.5,
        }),
        ["yarn"] = ("mistral", new
        {
            rope_type = "yarn", rope_theta = 100.0, factor = 8.0, original_max_position_embeddings = Original, beta_fast = 1.1,
            beta_slow = 0.3, truncate = false,
        }),
        ["linear"] = ("mistral", new { rope_type = "linear", rope_theta = 100.0, factor = 3.0 }),
        ["llama3"] = ("llama", new
        {
            rope_type = "llama3", rope_theta = 100.0, factor = 8.0, low_freq_factor = 0.1, high_freq_factor = 1.0,
            original_max_position_embeddings = Original,
        }),
    };

    public static TheoryData<string, string> DevicesAndKinds =>
        TestDevice.Rows(["cpu", "opencl", "cuda"], Kinds.Keys, (device, kind) => device == "cuda" && kind != "ministral3");

    public static TheoryData<string> Devices => TestDevice.All;

    public static TheoryData<TensorFormat, double> CacheTypes => new()
    {
        { TensorFormat.Float32, Float32Error },
        { TensorFormat.Float16, SixteenBitError },
        { TensorFormat.Q8_0, QuantizedError },
    };

    [Theory]
    [MemberData(nameof(DevicesAndKinds))]
    public void Logits_OfScaledPositions_EqualReference(string device, string kind) =>
        Check(TestDevice.Get(device), kind, new ModelOptions(CacheType: TensorFormat.Float32, Chunk: 5), Float32Error);

    [Theory]
    [MemberData(nameof(Devices))]
    public void Logits_OfASixteenBitCache_AreNearReference(string device) =>
        Check(TestDevice.Get(device), "ministral3", new ModelOptions(CacheType: TensorFormat.Float16, Chunk: 5), SixteenBitError);

    [Theory]
    [Trait(Needs.Trait, Needs.OpenCl)]
    [MemberData(nameof(CacheTypes))]
    public void Logits_InTheFormsForGpus_AreNearReference(TensorFormat cache, double bound)
    {
        using var device = TestDevice.OpenAs(KernelFamily.Gpu);
        Check(device, "ministral3", new ModelOptions(CacheType: cache, Chunk: 5), bound);
    }

    [Fact]
    public void Logits_OfABetaOfZero_HaveTheBitsOfNone()
    {
        float[] scaled = Logits(0.0), plain = Logits(null);
        Assert.Equal(plain, scaled);

        static float[] Logits(double? beta)
        {
            using var folder = new TemporaryFolder();
            var random = new RandomCheckpoint(5);
            random.Config["model_type"] = beta is null ? "mistral" : "ministral3";
            random.Config["rope_parameters"] = beta is null
                ? new { rope_type = "default" }
                : new { rope_type = "default", llama_4_scaling_beta = beta, original_max_position_embeddings = 2 };
            random.Write(folder.Path);
            using var checkpoint = Checkpoint.Open(folder.Path);
            using var model = MistralModel.LoadUntested(checkpoint, TestDevice.Get("cpu"));
            using var text = new ModelText(model);
            text.Forward([1, 5, 7, 30, 2, 8]);
            var logits = new float[checkpoint.Config.VocabularySize];
            text.ReadLogits(logits);
            return logits;
        }
    }

    private static void Check(ComputeDevice device, string kind, ModelOptions options, double bound)
    {
        // The bounds hold for these weights; a few in hundreds round worse.
        const int seed = 1;
        using var folder = new TemporaryFolder();
        var random = new RandomCheckpoint(seed);
        (random.Config["model_type"], random.Config["rope_parameters"]) = Kinds[kind];
        random.Config.Remove("rope_theta");
        random.Config["sliding_window"] = null;
        random.Config["tie_word_embeddings"] = kind == "ministral3";
        random.Write(folder.Path);
        using var checkpoint = Checkpoint.Open(folder.Path);
        int[] ids = LogitsTests.RandomIds(new Random(seed), 21, checkpoint.Config.VocabularySize);
        double[][] expected = new ReferenceModel(checkpoint).Forward(ids);
        float[] last = [.. expected[^1].Select(value => (float)value)];
        Assert.InRange(LogitsTests.RelativeError(Unscaled(checkpoint, ids), last), 5 * SixteenBitError, 10);
        using var model = MistralModel.LoadUntested(checkpoint, device, options);
        using var text = new ModelText(model);
        var logits = new float[checkpoint.Config.VocabularySize];
        // The first pass ends before the original length, the second after it.
        text.Forward(ids.AsSpan(..(Original - 1)));
        Compare(Original - 2);
        text.Forward(ids.AsSpan((Original - 1)..^4));
        Compare(ids.Length - 5);
        for (int i = ids.Length - 4; i < ids.Length; i++)
        {
            text.Forward([ids[i]]);
            Compare(i);
        }

        void Compare(int token)
        {
            text.ReadLogits(logits);
            Assert.InRange(LogitsTests.RelativeError(expected[token], logits), 0, bound);
        }
    }

    // The logits of a model that ignored the scaling: their error is larger than any of rounding.
    private static double[] Unscaled(Checkpoint checkpoint, int[] ids) =>
        new ReferenceModel(checkpoint, checkpoint.Config with { RopeScaling = null, QueryScaling = null }).Forward(ids)[^1];
}
