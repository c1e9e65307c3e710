using System.Runtime.InteropServices;
using Mistral.Ilgpu.Checkpoints;

namespace Mistral.Ilgpu.Reference;

/// <summary>
/// The whole model in float64 over a cache that keeps everything and masks by the window. The runtime, which keeps only the
/// window, must agree with it.
/// </summary>
internal sealed class ReferenceModel
{
    private readonly ModelConfig _config;
    private readonly Dictionary<string, double[]> _weights;
    private readonly List<double[]>[,] _keys;
    private readonly List<double[]>[,] _values;
    private int _position;

    /// <param name="weights">Tensors by canonical name, rows in Mistral's own order.</param>
    public ReferenceModel(ModelConfig config, IReadOnlyDictionary<string, double[]> weights)
    {
        _config = config;
        _weights = new(weights);
        _keys = Lists();
        _values = Lists();
        List<double[]>[,] Lists()
        {
            var lists = new List<double[]>[config.LayerCount, config.KvHeadCount];
            for (int i = 0; i < lists.Length; i++)
            {
                lists[i / config.KvHeadCount, i % config.KvHeadCount] = [];
            }

            return lists;
        }
    }

    /// <param name="config">The checkpoint's own if null.</param>
    public ReferenceModel(Checkpoint checkpoint, ModelConfig? config = null)
        : this(config ?? checkpoint.Config, checkpoint.Tensors.ToDictionary(tensor => tensor.Key, tensor => Load(tensor.Value)))
    {
    }

    /// <summary>Takes the text's next tokens and returns the logits of each: ids × vocabulary.</summary>
    public double[][] Forward(ReadOnlySpan<int> ids)
    {
        var logits = new double[ids.Length][];
        for (int i = 0; i < ids.Length; i++)
        {
            logits[i] = Forward(ids[i]);
        }

        return logits;
    }

    private double[] Forward(int id)
    {
        double[] x = _weights[TensorNames.Embedding].AsSpan(id * _config.Dim, _config.Dim).ToArray();
        for (int layer = 0; layer < _config.LayerCount; layer++)
        {
            x = ReferenceOps.Add(x, Attention(layer, Norm(x, TensorNames.AttentionNorm(layer))));
            x = ReferenceOps.Add(x, FeedForward(layer, Norm(x, TensorNames.FeedForwardNorm(layer))));
        }

        _position++;
        return MatVec(_config.TiedEmbeddings ? TensorNames.Embedding : TensorNames.Output, Norm(x, TensorNames.Norm));
    }

    private double[] Attention(int layer, double[] x)
    {
        var queries = Turned(MatVec(TensorNames.Query(layer), x), ReferenceRope.QueryScale(_config, _position));
        var keys = Turned(MatVec(TensorNames.Key(layer), x), 1);
        var values = Heads(MatVec(TensorNames.Value(layer), x));
        for (int head = 0; head < _config.KvHeadCount; head++)
        {
            _keys[layer, head].Add(keys[head]);
            _values[layer, head].Add(values[head]);
        }

        int group = _config.HeadCount / _config.KvHeadCount;
        double[] mixed =
        [
            .. queries.SelectMany((query, head) => ReferenceOps.Attend(
                query, _keys[layer, head / group], _values[layer, head / group], _config.WindowOf(layer))),
        ];
        return MatVec(TensorNames.AttentionOutput(layer), mixed);
    }

    private double[] FeedForward(int layer, double[] x) => MatVec(
        TensorNames.Down(layer), ReferenceOps.SwiGlu(MatVec(TensorNames.Gate(layer), x), MatVec(TensorNames.Up(layer), x)));

    private double[] Norm(double[] x, string gain) => ReferenceOps.RmsNorm(x, _weights[gain], _config.NormEpsilon);

    private double[] MatVec(string weights, double[] x) => ReferenceOps.MatVec(_weights[weights], x);

    private double[][] Heads(double[] x) => [.. x.Chunk(_config.HeadDim)];

    private double[][] Turned(double[] x, double scale)
    {
        double[] angles = ReferenceRope.Angles(_config, _position);
        scale *= ReferenceRope.Magnitude(_config);
        return [.. Heads(x).Select(head => ReferenceOps.Rope(head, angles).Select(value => value * scale).ToArray())];
    }

    private static double[] Load(CheckpointTensor tensor)
    {
        var floats = new float[tensor.Rows * tensor.Columns];
        tensor.CopyRows(0, tensor.Rows, TensorFormat.Float32, MemoryMarshal.AsBytes(floats.AsSpan()));
        return [.. floats.Select(value => (double)value)];
    }
}
