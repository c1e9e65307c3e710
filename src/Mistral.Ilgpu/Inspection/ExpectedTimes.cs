using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;

namespace Mistral.Ilgpu.Inspection;

/// <summary>What a GPU's maker says that it does at most.</summary>
/// <param name="GigabytesPerSecond">Of its memory.</param>
/// <param name="TeraflopsPerSecond">16-bit products, dense, sums in float32, as <c>mma.sync</c> reaches them.</param>
public sealed record GpuRates(string Name, double GigabytesPerSecond, double TeraflopsPerSecond)
{
    /// <summary>
    /// H100 SXM: 3,350 GB/s and 989 TFLOP/s by its data sheet, of which <c>mma.sync</c> reaches 62.9 % (Luo et al., arXiv 2402.13499: the rest
    /// is for <c>wgmma</c>). RTX 4090: 1,008 GB/s and 165 TFLOP/s by the Ada whitepaper.
    /// </summary>
    public static IReadOnlyList<GpuRates> Known { get; } = [new("H100 SXM", 3350, 622), new("RTX 4090", 1008, 165)];

    /// <summary>The least time that a step can take, in microseconds.</summary>
    public double MicrosecondsOf(StepCost cost) =>
        Math.Max(cost.Bytes / (GigabytesPerSecond * 1e3), cost.Operations / (TeraflopsPerSecond * 1e6));
}

/// <summary>A step of a model and what it moves and computes in one pass.</summary>
/// <param name="Count">How often it comes in a pass.</param>
public sealed record ExpectedStep(string Name, int Count, StepCost Cost);

/// <summary>
/// The steps of a pass by formula, with no device: those of <see cref="Execution.KernelSet"/>, and beside them what its forms for tensor cores
/// read and write to round activations.
/// </summary>
public static class ExpectedTimes
{
    /// <param name="tokens">Of the pass: of as many texts where they are decoded, of one prompt otherwise.</param>
    /// <param name="position">Tokens that each text has before.</param>
    public static IReadOnlyList<ExpectedStep> Of(ModelConfig config, TensorFormat weights, int tokens, int position, bool isPrompt)
    {
        var shape = AttentionShape.Of(config);
        int attended = shape.Heads * shape.HeadDim;
        int logits = isPrompt ? 1 : tokens;
        int layers = config.LayerCount;
        return
        [
            new("embed", 1, new StepCost(tokens * (weights.BytesOf(config.Dim) + (4L * config.Dim)), 0)),
            new("attention_norm", layers, Norm(tokens)),
            new("qkv", layers, Product(shape.QkvColumns, config.Dim, tokens, isPrompt)),
            new("attend", layers, Attention()),
            new("attention_output", layers, Product(config.Dim, attended, tokens, isPrompt, reads: 1)),
            new("feed_forward_norm", layers, Norm(tokens)),
            new("swiglu", layers, Product(2 * config.FeedForwardDim, config.Dim, tokens, isPrompt, made: config.FeedForwardDim)),
            new("down", layers, Product(config.Dim, config.FeedForwardDim, tokens, isPrompt, reads: 1)),
            new("norm", 1, Norm(logits)),
            new("output", 1, Product(config.VocabularySize, config.Dim, logits, isPrompt: false)),
        ];

        StepCost Norm(long rows) => new(((2 * rows * config.Dim) + config.Dim) * sizeof(float), 4 * rows * config.Dim);

        // Reads: what an output holds before, where products are added to it. Prompts' inputs are read, written in 16 bits, and read so.
        StepCost Product(int rows, int columns, long count, bool isPrompt, int reads = 0, int? made = null) => new(
            WeightBand.SizeOf(rows, columns, weights, WeightLayout.Rows)
                + (count * columns * (isPrompt ? sizeof(float) + (2L * sizeof(ushort)) : sizeof(float)))
                + (count * (made ?? rows) * sizeof(float) * (1L + reads)),
            2 * count * rows * columns);

        StepCost Attention()
        {
            long visible = 0;
            long keys = 0;
            int window = config.WindowOf(0) ?? int.MaxValue;
            for (int token = 0; token < tokens; token++)
            {
                visible += Math.Min(position + (isPrompt ? token : 0) + 1, window);
            }

            keys = isPrompt ? Math.Min(position, window) + tokens : visible;
            long values = (long)tokens * (shape.QkvColumns + attended) * sizeof(float);
            return new StepCost(values + (2 * (keys + tokens) * shape.KvColumns * sizeof(ushort)), 4 * visible * attended);
        }
    }
}
