using System.Runtime.InteropServices;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>Rows as they leave a checkpoint: in Mistral's order, in the format asked for, finite.</summary>
public sealed class CheckpointTensorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, float[]> _stored = [];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(16)]
    [InlineData(48)]
    public void QueryAndKeyRows_OfEachHead_ComeAsNeighbours(int headDim)
    {
        using var checkpoint = Write(headDim: headDim);
        CheckRows(checkpoint.Tensors[TensorNames.Query(0)]);
        CheckRows(checkpoint.Tensors[TensorNames.Key(1)]);

        // Canonical row 2i + j of a head is row j headDim / 2 + i of the file.
        void CheckRows(CheckpointTensor tensor)
        {
            float[][] stored = [.. _stored[tensor.SourceName].Chunk(tensor.Columns)];
            float[][] canonical = [.. Floats(tensor).Chunk(tensor.Columns)];
            for (int row = 0; row < tensor.Rows; row++)
            {
                var (head, i, j) = (row / headDim, row % headDim / 2, row % 2);
                Assert.Equal(stored[(head * headDim) + (j * headDim / 2) + i], canonical[row]);
            }
        }
    }

    [Fact]
    public void OtherRows_KeepTheirPlaces()
    {
        using var checkpoint = Write();
        Assert.All(
            checkpoint.Tensors.Values.Where(tensor => !tensor.Name.EndsWith(".q", StringComparison.Ordinal) && !tensor.Name.EndsWith(".k", StringComparison.Ordinal)),
            tensor => Assert.Equal(_stored[tensor.SourceName], Floats(tensor)));
    }

    /// <summary>Hugging Face turns halves (modeling_mistral.rotate_half: x cos + (−x₂, x₁) sin), Mistral neighbours. The
    /// same file must give the same scores of a query and a key either way.</summary>
    [Fact]
    public void Scores_InHuggingFacesOrder_AreOurs() => Seeded.Run(20, random =>
    {
        using var checkpoint = Write(random.Next());
        var (config, query, key) = (
            checkpoint.Config, checkpoint.Tensors[TensorNames.Query(0)], checkpoint.Tensors[TensorNames.Key(0)]);
        double[] x = [.. Enumerable.Range(0, config.Dim).Select(_ => random.NextDouble() - 0.5)];
        var (at, before) = (random.Next(1000), random.Next(1000));
        var ours = Score(Heads(Floats(query)), Heads(Floats(key)), ReferenceOps.Rope);
        var theirs = Score(Heads(_stored[query.SourceName]), Heads(_stored[key.SourceName]), RotateHalf);
        Assert.All(ours.Zip(theirs), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
        Assert.True(ours.Distinct().Count() == config.HeadCount);

        double[][] Heads(float[] weights) =>
            [.. ReferenceOps.MatVec([.. weights.Select(weight => (double)weight)], x).Chunk(config.HeadDim)];

        double[] Score(double[][] queries, double[][] keys, Func<double[], int, double, double[]> rope) =>
        [
            .. queries.Select((head, i) => rope(head, at, config.RopeTheta)
                .Zip(rope(keys[i * config.KvHeadCount / config.HeadCount], before, config.RopeTheta), (a, b) => a * b).Sum()),
        ];
    });

    [Fact]
    public void CopyRows_AnyRange_IsThatPartOfTheWhole() => Seeded.Run(60, random =>
    {
        using var checkpoint = Write(random.Next(), type: random.GetItems(["F32", "F16", "BF16"], 1)[0]);
        var tensor = random.GetItems([.. checkpoint.Tensors.Values], 1)[0];
        var target = (TensorFormat)random.Next(3);
        int rowBytes = tensor.Columns * target.BytesPerElement();
        var whole = new byte[tensor.Rows * rowBytes];
        tensor.CopyRows(0, tensor.Rows, target, whole);
        int first = random.Next(tensor.Rows + 1);
        int count = random.Next(tensor.Rows - first + 1);
        var part = new byte[count * rowBytes];
        tensor.CopyRows(first, count, target, part);
        Assert.Equal(whole[(first * rowBytes)..((first + count) * rowBytes)], part);
    });

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, -1)]
    [InlineData(0, 129)]
    [InlineData(128, 1)]
    [InlineData(long.MaxValue, 1)]
    public void CopyRows_OutsideTheTensor_Throws(long first, int count)
    {
        using var checkpoint = Write();
        Assert.Throws<ArgumentOutOfRangeException>(
            () => checkpoint.Tensors[TensorNames.Query(0)].CopyRows(first, count, TensorFormat.Float32, new byte[4]));
    }

    [Theory]
    [InlineData((24 * 4) - 1)]
    [InlineData((24 * 4) + 1)]
    public void CopyRows_RoomOfAnotherSize_Throws(int bytes)
    {
        using var checkpoint = Write();
        Assert.Throws<ArgumentException>(
            () => checkpoint.Tensors[TensorNames.Query(0)].CopyRows(0, 1, TensorFormat.Float32, new byte[bytes]));
    }

    [Theory]
    [InlineData(float.NaN, TensorFormat.Float32, "f32")]
    [InlineData(float.PositiveInfinity, TensorFormat.BFloat16, "bf16")]
    [InlineData(float.NegativeInfinity, TensorFormat.Float16, "f16")]
    [InlineData(65520f, TensorFormat.Float16, "f16")]
    [InlineData(-3.4e38f, TensorFormat.BFloat16, "bf16")]
    public void CopyRows_WeightNotFinite_IsRefusedWithItsPlaceInTheFile(float bad, TensorFormat target, string name)
    {
        foreach (string source in new[] { "model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight", "model.layers.1.mlp.down_proj.weight" })
        {
            using var checkpoint = Write(change: (tensor, values, columns) =>
            {
                if (tensor == source)
                {
                    values[(13 * columns) + 5] = bad;
                }
            });
            var tensor = checkpoint.Tensors.Values.Single(tensor => tensor.SourceName == source);
            string message = Assert.Throws<ModelFileException>(
                () => tensor.CopyRows(0, tensor.Rows, target, new byte[tensor.Rows * tensor.Columns * target.BytesPerElement()])).Message;
            Assert.Equal(
                $"{_folder.File("model.safetensors")}: {source}: found a weight that is not a finite {name} number at row 13, column 5, expected finite weights", message);
        }
    }

    private static double[] RotateHalf(double[] head, int position, double theta)
    {
        int half = head.Length / 2;
        var turned = new double[head.Length];
        for (int i = 0; i < head.Length; i++)
        {
            double angle = position * Math.Pow(theta, -2.0 * (i % half) / head.Length);
            double other = i < half ? -head[i + half] : head[i - half];
            turned[i] = (head[i] * Math.Cos(angle)) + (other * Math.Sin(angle));
        }

        return turned;
    }

    private Checkpoint Write(int seed = 1, int headDim = 16, string type = "F32", Action<string, float[], int>? change = null)
    {
        var random = new RandomCheckpoint(seed) { Type = type };
        random.Config["head_dim"] = headDim;
        random.Damage = tensors =>
        {
            foreach (var (name, tensor) in tensors.Where(_ => type == "F32").ToArray())
            {
                _stored[name] = MemoryMarshal.Cast<byte, float>(tensor.Bytes).ToArray();
                change?.Invoke(name, _stored[name], (int)tensor.Shape[^1]);
                tensors[name] = tensor with { Bytes = MemoryMarshal.AsBytes<float>(_stored[name]).ToArray() };
            }
        };
        random.Write(_folder.Path);
        return Checkpoint.Open(_folder.Path);
    }

    private static float[] Floats(CheckpointTensor tensor)
    {
        var floats = new float[tensor.Rows * tensor.Columns];
        tensor.CopyRows(0, tensor.Rows, TensorFormat.Float32, MemoryMarshal.AsBytes(floats.AsSpan()));
        return floats;
    }
}
