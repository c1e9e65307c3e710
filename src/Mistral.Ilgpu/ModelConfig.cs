using System.Collections.Immutable;
using Mistral.Ilgpu.Positions;

namespace Mistral.Ilgpu;

/// <summary>The configuration of a model. It is immutable, and readers validate it.</summary>
internal sealed record ModelConfig
{
    /// <summary>Rows of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int Dim { get; init; }

    public required int LayerCount { get; init; }

    /// <summary>Query heads of a layer.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Key and value heads of a layer; divides <see cref="HeadCount"/>.</summary>
    public required int KvHeadCount { get; init; }

    /// <summary>Width of a head, which can differ from Dim / HeadCount.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Width of the feed-forward layer.</summary>
    public required int FeedForwardDim { get; init; }

    /// <summary>ε of every norm.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public required double RopeTheta { get; init; }

    /// <summary>The scaling of rotary frequencies; null for none.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>The scaling of queries by their position; null for none.</summary>
    public QueryScaling? QueryScaling { get; init; }

    /// <summary>The longest text that the model was trained for, in tokens.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Whether the output matrix is the embedding.</summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>Ids that end a text.</summary>
    public ImmutableArray<int> EosIds { get; init; } = [];

    /// <summary>The window of every layer; null if a query attends to the whole text.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>The windows of the layers in turn if they differ, repeated up to the last layer; otherwise empty.</summary>
    public ImmutableArray<int?> LayerWindows { get; init; } = [];

    /// <summary>The number of keys that a query of the layer attends to, including its own; null for all.</summary>
    public int? WindowOf(int layer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)layer, (uint)LayerCount);
        return LayerWindows.IsEmpty ? SlidingWindow : LayerWindows[layer % LayerWindows.Length];
    }

    /// <summary>The factor of the rotary frequency of a pair in a head.</summary>
    internal double RopeMultiplier(int pair) => RopeScaling?.Multiplier(pair, HeadDim, RopeTheta) ?? 1;

    /// <summary>Returns this configuration if the kernels and a device can support its sizes.</summary>
    /// <param name="file">The source of the sizes, for messages.</param>
    /// <exception cref="ModelFileException">A size is out of range.</exception>
    internal ModelConfig Validated(string file)
    {
        // The rows and columns of every matrix, also of stacked ones, must fit 32 bits.
        const long Most = 1 << 28;
        Require(HeadDim % 2 == 0 && HeadDim <= 256, "head size", HeadDim, "an even number up to 256");
        Require(HeadCount % KvHeadCount == 0, "key and value heads", KvHeadCount, $"a divisor of {HeadCount} heads");
        Require(HeadCount / KvHeadCount <= 64, "query heads to a kv head", HeadCount / KvHeadCount, "at most 64");
        // Heads are padded on the device by less than 32.
        Require(3L * HeadCount * (HeadDim + 32) <= Most, "heads", HeadCount, "a size that a device can hold");
        Require(2L * FeedForwardDim <= Most, "feed-forward width", FeedForwardDim, "a size that a device can hold");
        // The rows of a head are read at once.
        Require(4L * Dim * HeadDim <= Most, "width", Dim, "a size that a device can hold");
        Require(4L * VocabularySize <= Most, "vocabulary", VocabularySize, "a size that a device can hold");
        Require(NormEpsilon > 0 && float.IsFinite(NormEpsilon), "norm epsilon", NormEpsilon, "a positive float32 number");
        foreach (int id in EosIds)
        {
            Require(id < VocabularySize, "end of text", id, $"an id below the vocabulary's {VocabularySize}");
        }

        return this;

        void Require(bool holds, string size, double found, string expected)
        {
            if (!holds)
            {
                throw new ModelFileException(file, FormattableString.Invariant($"{size}: found {found}, expected {expected}"));
            }
        }
    }
}
