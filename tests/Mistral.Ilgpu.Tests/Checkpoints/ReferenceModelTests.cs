using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>The float64 model that everything is measured by, measured by hand and by what must hold of any such model.</summary>
public sealed class ReferenceModelTests
{
    private const double Exact = 1e-12;

    [Fact]
    public void RmsNorm_ByHand() => AssertNear(
        [3 / Math.Sqrt(12.75), 8 / Math.Sqrt(12.75)], ReferenceOps.RmsNorm([3, 4], [1, 2], 0.25));

    [Fact]
    public void MatVec_ByHand() => AssertNear([50, 122, 194], ReferenceOps.MatVec([1, 2, 3, 4, 5, 6, 7, 8, 9], [7, 8, 9]));

    [Fact]
    public void SwiGlu_ByHand() => AssertNear(
        [0, 2 / (1 + Math.Exp(-1)), 3 / (1 + Math.E)], ReferenceOps.SwiGlu([0, 1, -1], [5, 2, -3]));

    [Fact]
    public void ArgMax_OfEqual_IsTheFirst() => Assert.Equal(1, ReferenceOps.ArgMax([1, 3, 2, 3]));

    [Fact]
    public void Rope_ByHand_TurnsNeighbours()
    {
        // theta 100 and 4 elements: the pairs turn by position × 1 and position × 0.1.
        AssertNear([Math.Cos(3), Math.Sin(3), -Math.Sin(0.3), Math.Cos(0.3)], ReferenceOps.Rope([1, 0, 0, 1], 3, 100));
        AssertNear([1, 2, 3, 4], ReferenceOps.Rope([1, 2, 3, 4], 0, 100));
    }

    [Fact]
    public void Rope_Scores_DependOnDistanceAlone() => Seeded.Run(50, random =>
    {
        double[] query = Numbers(random, 8), key = Numbers(random, 8);
        int distance = random.Next(100);
        AssertNear([Score(0)], [Score(random.Next(1000))]);
        double Score(int position) => ReferenceOps.Rope(query, position + distance, 1e4)
            .Zip(ReferenceOps.Rope(key, position, 1e4), (a, b) => a * b).Sum();
    });

    [Theory]
    [InlineData(null, 6.5)]
    [InlineData(3, 6.5)]
    [InlineData(2, 4.25)]
    [InlineData(1, 1)]
    public void Attend_ByHand_SeesTheWindowWithItsOwn(int? window, double expected)
    {
        // Scores 0, ln 3, 0 after division by √2: weights 1 : 3 : 1.
        double[][] keys = [[0, 0], [Math.Log(3) * Math.Sqrt(2), 0], [0, 0]];
        double middle = 16.0 / 3;
        double[][] values = [[15.5, 0], [middle, 0], [1, 0]];
        AssertNear([expected, 0], ReferenceOps.Attend([1, 0], keys, values, window));
    }

    [Fact]
    public void Attend_HugeScores_StayFinite() =>
        AssertNear([2, 3], ReferenceOps.Attend([1e4, 0], [[-1e4, 0], [1e4, 0]], [[7, 7], [2, 3]], null));

    [Fact]
    public void Forward_ModelOfOneLayer_ByHand()
    {
        // Attention passes the only value on: W_v doubles, W_o swaps. SwiGLU adds silu(n) × 2n of the second element to the
        // first.
        var weights = OneLayer();
        weights[TensorNames.Value(0)] = [2, 0, 0, 2];
        weights[TensorNames.AttentionOutput(0)] = [0, 1, 1, 0];
        weights[TensorNames.Up(0)] = [0, 2];
        weights[TensorNames.Down(0)] = [1, 0];
        double rms = Math.Sqrt(12.5);
        var (a, b) = (3 + (2 * 4 / rms), 4 + (2 * 3 / rms));
        double normed = b / Math.Sqrt(((a * a) + (b * b)) / 2);
        a += normed / (1 + Math.Exp(-normed)) * (2 * normed);
        AssertNear(Normed(a, b), new ReferenceModel(OneHead, weights).Forward([1])[0]);
    }

    [Fact]
    public void Forward_TwoTokens_ByHand()
    {
        // (4, −3) turned by 1 radian scores 2 sin 1 with (3, 4) before it, where it would score 0 unturned, and 2 with itself.
        double before = Math.Exp(2 * Math.Sin(1) / Math.Sqrt(2));
        double own = Math.Exp(2 / Math.Sqrt(2));
        double sum = (before + own) * Math.Sqrt(12.5);
        AssertNear(
            Normed(4 + (((3 * before) + (4 * own)) / sum), -3 + (((4 * before) - (3 * own)) / sum)),
            new ReferenceModel(OneHead, OneLayer()).Forward([1, 0])[1]);
    }

    [Fact]
    public void Forward_InPieces_EqualsWhole() => Seeded.Run(5, random =>
    {
        var weights = Weights(random, Config());
        int[] ids = Ids(random, 20);
        var pieces = new ReferenceModel(Config(), weights);
        int cut = random.Next(20);
        double[][] whole = new ReferenceModel(Config(), weights).Forward(ids);
        Assert.Equal(whole, [.. pieces.Forward(ids.AsSpan(..cut)), .. pieces.Forward(ids.AsSpan(cut..))]);
    });

    [Fact]
    public void Forward_TokenBeyondReach_ChangesNothing() => Seeded.Run(10, random =>
    {
        var config = Config();
        var weights = Weights(random, config);
        int reach = config.LayerCount * (config.SlidingWindow!.Value - 1);
        int[] ids = Ids(random, 30);
        int last = ids.Length - 1;
        double[] logits = new ReferenceModel(config, weights).Forward(ids)[last];
        Assert.Equal(logits, Changed(last - reach - 1));
        Assert.NotEqual(logits, Changed(last - reach));
        Assert.NotEqual(logits, Changed(last - random.Next(reach)));

        double[] Changed(int position)
        {
            int[] other = [.. ids];
            other[position] = (other[position] + 1) % config.VocabularySize;
            return new ReferenceModel(config, weights).Forward(other)[last];
        }
    });

    [Fact]
    public void Forward_WindowAsLongAsText_EqualsNone() => Seeded.Run(5, random =>
    {
        var weights = Weights(random, Config());
        int[] ids = Ids(random, 15);
        Assert.Equal(Logits(null), Logits(15));
        Assert.NotEqual(Logits(null), Logits(14));
        double[][] Logits(int? window) => new ReferenceModel(Config() with { SlidingWindow = window }, weights).Forward(ids);
    });

    [Fact]
    public void Forward_SharedKvHeads_EqualThemRepeated() => Seeded.Run(5, random =>
    {
        var config = Config();
        var weights = Weights(random, config);
        int[] ids = Ids(random, 12);
        double[][] shared = new ReferenceModel(config, weights).Forward(ids);
        int group = config.HeadCount / config.KvHeadCount;
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            foreach (string name in new[] { TensorNames.Key(layer), TensorNames.Value(layer) })
            {
                weights[name] = [.. weights[name].Chunk(config.HeadDim * config.Dim).SelectMany(head => Enumerable.Repeat(head, group)).SelectMany(v => v)];
            }
        }

        Assert.Equal(shared, new ReferenceModel(config with { KvHeadCount = config.HeadCount }, weights).Forward(ids));
    });

    [Fact]
    public void Forward_TiedEmbeddings_EqualOutputOfTheSame() => Seeded.Run(3, random =>
    {
        var weights = Weights(random, Config());
        weights[TensorNames.Output] = weights[TensorNames.Embedding];
        int[] ids = Ids(random, 6);
        Assert.Equal(
            new ReferenceModel(Config(), weights).Forward(ids),
            new ReferenceModel(Config() with { TiedEmbeddings = true }, weights).Forward(ids));
    });

    private static ModelConfig Config() => new()
    {
        VocabularySize = 11, Dim = 12, LayerCount = 2, HeadCount = 4, KvHeadCount = 2, HeadDim = 8, FeedForwardDim = 18,
        NormEpsilon = 1e-5f, RopeTheta = 1e4, MaxPositions = 100, SlidingWindow = 5,
    };

    /// <summary>One head of two elements: (4, −3) is token 0 and (3, 4) token 1.</summary>
    private static ModelConfig OneHead => Config() with
    {
        VocabularySize = 2, Dim = 2, LayerCount = 1, HeadCount = 1, KvHeadCount = 1, HeadDim = 2, FeedForwardDim = 1, NormEpsilon = 0,
    };

    /// <summary>Gains 1, square matrices the identity, and a feed-forward layer that adds nothing.</summary>
    private static Dictionary<string, double[]> OneLayer()
    {
        var weights = TensorNames.HuggingFace(OneHead).ToDictionary(
            tensor => tensor.Name, tensor => tensor.Rows == 1 ? [1.0, 1] : new[] { 1.0, 0, 0, 1 });
        weights[TensorNames.Embedding] = [4, -3, 3, 4];
        weights[TensorNames.Gate(0)] = [0, 1];
        weights[TensorNames.Down(0)] = [0, 0];
        return weights;
    }

    private static double[] Normed(double a, double b)
    {
        double rms = Math.Sqrt(((a * a) + (b * b)) / 2);
        return [a / rms, b / rms];
    }

    private static Dictionary<string, double[]> Weights(Random random, ModelConfig config) =>
        TensorNames.HuggingFace(config)
            .ToDictionary(tensor => tensor.Name, tensor => Numbers(random, tensor.Rows * tensor.Columns));

    private static int[] Ids(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(Config().VocabularySize))];

    private static double[] Numbers(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (random.NextDouble() * 2) - 1)];

    private static void AssertNear(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, Exact));
    }
}
