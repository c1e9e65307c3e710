using TorchSharp;
using static TorchSharp.torch;

namespace Mistral.Ilgpu.TinyModel;

/// <summary>Rows packed with documents: each position's id, the id that follows it, and the weight of getting that
/// right.</summary>
public sealed class Batch(int rows, int length)
{
    private readonly long[] _ids = new long[rows * length];
    private readonly long[] _targets = new long[rows * length];
    private readonly float[] _weights = new float[rows * length];
    private readonly long[] _documents = new long[rows * length];
    private readonly long[] _positions = new long[rows * length];

    public IReadOnlyList<long> TargetIds => _targets;

    /// <summary>Fills every row from <paramref name="next"/>; what does not fit a row's end is cut.</summary>
    public void Pack(Func<Document> next)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int at = 0, document = 0; at < length; document++)
            {
                at += Put(row, at, document, next());
            }
        }
    }

    /// <summary>Puts one document alone in a row.</summary>
    public void PackAlone(int row, Document document)
    {
        int used = Put(row, 0, 0, document);
        for (int i = (row * length) + used; i < (row + 1) * length; i++)
        {
            (_ids[i], _targets[i], _weights[i], _documents[i], _positions[i]) = (0, 0, 0, 1, i - (row * length));
        }
    }

    /// <summary>The weighted mean cross-entropy of the batch, in nats a token.</summary>
    public Tensor Loss(TinyTransformer model)
    {
        using var weights = tensor(_weights);
        var losses = nn.functional.cross_entropy(
            Forward(model).view(-1, Shape.Vocabulary), tensor(_targets), reduction: nn.Reduction.None);
        return (losses * weights).sum() / weights.sum();
    }

    /// <summary>The most likely next id at each position: rows × length.</summary>
    public long[] Predict(TinyTransformer model) => Forward(model).argmax(-1).view(-1).data<long>().ToArray();

    private Tensor Forward(TinyTransformer model) => model.Forward(
        tensor(_ids, rows, length), tensor(_documents, rows, length), tensor(_positions, rows, length));

    private int Put(int row, int at, int document, Document source)
    {
        int count = Math.Min(source.Ids.Length - 1, length - at);
        for (int i = 0; i < count; i++)
        {
            int to = (row * length) + at + i;
            _ids[to] = source.Ids[i];
            _targets[to] = source.Ids[i + 1];
            _weights[to] = source.Weights[i + 1];
            _documents[to] = document;
            _positions[to] = i;
        }

        return count;
    }
}
