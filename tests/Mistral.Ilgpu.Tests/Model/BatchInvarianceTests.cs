using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>The logits of a text are the same bits whatever else is in its passes, shares its pages, or came before.</summary>
public sealed class BatchInvarianceTests
{
    private const int Texts = 5;
    private const int Chunk = 24;

    public static TheoryData<string> Devices => TestDevice.All;

    [Theory]
    [MemberData(nameof(Devices))]
    public void Logits_InRandomCompany_AreThoseAloneBitForBit(string name)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        Check(name, checkpoint, new ModelOptions(Chunk: Chunk, Sequences: Texts), length: 150);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void QuantizedLogits_InRandomCompany_AreThoseAloneBitForBit(string name)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        Check(name, checkpoint, new ModelOptions(TensorFormat.Q8_0, TensorFormat.Q8_0, Chunk: Chunk, Sequences: Texts), length: 70, decoded: 20);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void SplitLogits_InRandomCompany_AreThoseAloneBitForBit(string name)
    {
        // A window of more than one split, and layers whose windows differ.
        using var folder = new TemporaryFolder();
        var random = new RandomCheckpoint(3);
        random.Config["sliding_window"] = 400;
        random.Write(folder.Path);
        using var checkpoint = Checkpoint.Open(folder.Path);
        Check(name, checkpoint, new ModelOptions(Chunk: 100, Sequences: Texts), length: 600, decoded: 8);
    }

    // Of rows that are no whole runs, and of those whose products make a decoded token's norm themselves where it is alone.
    [Theory]
    [InlineData(24, 36, null)]
    [InlineData(64, 96, TensorFormat.BFloat16, Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    [InlineData(64, 96, TensorFormat.Q8_0, Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    [InlineData(256, 256, TensorFormat.Q4_0, Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    public void SmallLogits_InRandomCompany_AreThoseAloneBitForBit(int columns, int feedForward, TensorFormat? type)
    {
        using var folder = new TemporaryFolder();
        var random = new RandomCheckpoint(4);
        (random.Config["hidden_size"], random.Config["intermediate_size"]) = (columns, feedForward);
        random.Write(folder.Path);
        using var checkpoint = Checkpoint.Open(folder.Path);
        Check("cuda", checkpoint, new ModelOptions(type, Chunk: 8, Sequences: Texts), length: 12, decoded: 4, common: 5);
    }

    // Products and attention by waves.
    [Theory]
    [InlineData("cuda:1", TensorFormat.BFloat16, Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    [InlineData("cuda:1", TensorFormat.Q4_0, Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    [InlineData("opencl:wave32", TensorFormat.Q4_0, Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    public void WaveLogits_InRandomCompany_AreThoseAloneBitForBit(string name, TensorFormat type)
    {
        using var folder = new TemporaryFolder();
        var random = new RandomCheckpoint(4);
        (random.Config["hidden_size"], random.Config["intermediate_size"]) = (256, 256);
        random.Write(folder.Path);
        using var checkpoint = Checkpoint.Open(folder.Path);
        using var opened = name == "cuda:1" ? TestDevice.OpenCounted(name) : null;
        Check(
            opened ?? TestDevice.Get(name), checkpoint, new ModelOptions(type, Chunk: 8, Sequences: Texts), length: 12, decoded: 4,
            common: 5);
    }

    private static void Check(
        string name, Checkpoint checkpoint, ModelOptions options, int length, int decoded = 40, int common = 50) =>
        Check(TestDevice.Get(name, isLong: length > 12), checkpoint, options, length, decoded, common);

    private static void Check(
        ComputeDevice device, Checkpoint checkpoint, ModelOptions options, int length, int decoded, int common)
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var model = MistralModel.LoadUntested(checkpoint, device, options);
        // Some begin alike.
        int[] beginning = LogitsTests.RandomIds(random, common, checkpoint.Config.VocabularySize);
        Text[] texts =
        [
            .. Enumerable.Range(0, Texts).Select(i =>
            {
                int[] ids = [.. i % 2 == 0 ? beginning : [], .. LogitsTests.RandomIds(random, random.Next(decoded + 1, length), checkpoint.Config.VocabularySize)];
                return new Text(ids, ids.Length - random.Next(1, decoded));
            }),
        ];
        float[][][] alone = [.. texts.Select(text => Run(model, random, text)[0])];
        for (int trial = 0; trial < (length > 12 ? 2 : 1); trial++)
        {
            float[][][] together = Run(model, random, texts);
            for (int i = 0; i < Texts; i++)
            {
                Assert.Equal(alone[i].Length, together[i].Length);
                for (int row = 0; row < alone[i].Length; row++)
                {
                    Assert.True(alone[i][row].AsSpan().SequenceEqual(together[i][row]), $"text {i}, row {row} of logits: not the same bits");
                }
            }
        }

        Assert.Equal(model.Cache.Bytes, model.Cache.Sequences.AvailableBytes);
    }

    /// <summary>Runs texts together, beginning and pausing them at random; the logits of each prompt and of each token after
    /// it.</summary>
    private static float[][][] Run(MistralModel model, Random random, params Text[] texts)
    {
        var logits = texts.Select(_ => new List<float[]>()).ToArray();
        var sequences = new Sequence?[texts.Length];
        var batch = new Batch();
        while (texts.Where((text, i) => sequences[i]?.Position != text.Ids.Length).Any())
        {
            batch.Clear();
            for (int i = 0; i < texts.Length; i++)
            {
                var text = texts[i];
                if (texts.Length > 1 && random.Next(3) == 0)
                {
                    continue;
                }

                sequences[i] ??= model.TryOpen(text.Ids.Length, text.Ids.AsSpan(0, text.Prompt));
                var sequence = sequences[i]!;
                if (sequence.Position == text.Ids.Length)
                {
                    continue;
                }

                if (sequence.Position >= text.Prompt)
                {
                    batch.Decode(sequence, text.Ids[sequence.Position]);
                    continue;
                }

                int count = model.ChunkLength(sequence.Position, text.Prompt - sequence.Position);
                // The texts behind may need a token each.
                if (batch.TokenCount + count + (texts.Length - 1 - i) <= model.MaxTokens)
                {
                    batch.Prefill(sequence, text.Ids.AsMemory(sequence.Position, count), sequence.Position + count == text.Prompt);
                }
            }

            if (batch.TokenCount > 0)
            {
                model.Forward(batch);
                foreach (var (sequence, row) in batch.LogitRows())
                {
                    var values = new float[model.Config.VocabularySize];
                    model.ReadLogits(row, values);
                    logits[Array.IndexOf(sequences, sequence)].Add(values);
                }
            }
        }

        foreach (var sequence in sequences)
        {
            sequence!.Dispose();
        }

        return [.. logits.Select(rows => rows.ToArray())];
    }

    /// <param name="Prompt">Tokens that are read as a prompt; the others are decoded.</param>
    private sealed record Text(int[] Ids, int Prompt);
}
