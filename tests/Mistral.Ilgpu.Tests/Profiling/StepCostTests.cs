using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.Tests.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Profiling;

/// <summary>What each step says of its bytes and operations, against the formulas in its docstring worked out here by
/// hand.</summary>
public sealed class StepCostTests
{
    private const int F32 = sizeof(float);

    // Dim, query heads, kv heads, head size, feed-forward, vocabulary.
    private const long D = 128, H = 6, Kv = 2, Hd = 32, Ff = 320, V = 96;
    private const long QkvRows = (H + (2 * Kv)) * Hd;

    private static readonly string Params = $$"""
        {"dim": {{D}}, "n_layers": 2, "head_dim": {{Hd}}, "hidden_dim": {{Ff}}, "n_heads": {{H}}, "n_kv_heads": {{Kv}}, "norm_eps": 1e-5, "sliding_window": 32, "vocab_size": {{V}}}
        """;

    [Theory]
    // Bytes of 32 weights and of a cached element.
    [InlineData("bf16", TensorFormat.Float16, 64, 2)]
    [InlineData("f32", TensorFormat.Float32, 128, 4)]
    [InlineData("q8_0", TensorFormat.BFloat16, 34, 2)]
    [InlineData("q4_0", TensorFormat.Float16, 18, 2)]
    public void EveryStep_OfPrefillAndDecode_MovesAndComputesWhatItsFormulaSays(
        string type, TensorFormat cache, long run, long cacheElement)
    {
        const int Prompt = 40;
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("params.json"), Params);
        using var checkpoint = Checkpoint.Open($"random:{folder.File("params.json")}:{type}");
        using var model = MistralModel.LoadUntested(
            checkpoint, TestDevice.Get("cpu"), new ModelOptions(CacheType: cache, Chunk: 24), null, TestContext.Current.CancellationToken);
        var costs = new Dictionary<string, StepCost>();
        // Nothing is launched: what a step says does not depend on it.
        using var walk = model.WalkBy((step, pass) => costs[step.Kind] = step.Cost(pass));
        using var sequence = model.TryOpen(Prompt + 1)!;
        var batch = new Batch();

        batch.Prefill(sequence, new int[24], wantsLogits: false);
        model.Forward(batch);
        // Query p of 24 sees p + 1 keys.
        ExpectAll(tokens: 24, logits: 0, visible: 24 * 25 / 2, keys: 24, stored: 24);

        batch.Clear();
        batch.Prefill(sequence, new int[16], wantsLogits: true);
        model.Forward(batch);
        model.ArgMax();
        // Positions 24 to 39: the first 8 see 25 to 32 keys, the others the window's 32; the first query's reach begins at key 0.
        ExpectAll(tokens: 16, logits: 1, visible: Enumerable.Range(25, 8).Sum() + (8 * 32), keys: 40, stored: 16);

        batch.Clear();
        batch.Decode(sequence, 0);
        model.Forward(batch);
        model.ArgMax();
        ExpectAll(tokens: 1, logits: 1, visible: 32, keys: 32, stored: 1);

        void ExpectAll(long tokens, long logits, long visible, long keys, long stored)
        {
            Expect("embed", tokens * (RowBytes(D) + (D * F32)), 0);
            Norm("attention_norm", tokens);
            Product("qkv", QkvRows, D, tokens);
            Expect(
                "attend",
                (tokens * (QkvRows + (H * Hd)) * F32) + (2 * (keys + stored) * Kv * Hd * cacheElement),
                (3 * tokens * (H + Kv) * Hd) + (4 * Hd * H * visible));
            Product("attention_output", D, H * Hd, tokens);
            Norm("feed_forward_norm", tokens);
            Expect(
                "swiglu",
                (2 * Ff * RowBytes(D)) + (tokens * (D + Ff) * F32),
                tokens * ((2 * 2 * Ff * D) + (5 * Ff)));
            Product("down", D, Ff, tokens);
            if (logits == 0)
            {
                Expect("norm", 0, 0);
                Expect("output", 0, 0);
                return;
            }

            Norm("norm", logits);
            Product("output", V, D, logits);
            Expect("choose", logits * V * F32, logits * V);
        }

        void Norm(string step, long rows) => Expect(step, ((2 * rows * D) + D) * F32, 4 * rows * D);

        long RowBytes(long columns) => columns / 32 * run;

        void Product(string step, long rows, long columns, long tokens) =>
            Expect(step, (rows * RowBytes(columns)) + (tokens * (rows + columns) * F32), 2 * tokens * rows * columns);

        void Expect(string step, long bytes, long operations) =>
            Assert.Equal((step, new StepCost(bytes, operations)), (step, costs[step]));
    }
}
