using TorchSharp;
using static TorchSharp.torch;

namespace Mistral.Ilgpu.TinyModel;

/// <summary>
/// Muon (Jordan et al. 2024): momentum whose matrix is brought near an orthogonal one by five Newton-Schulz steps. It needs
/// about half of AdamW's steps on the hidden matrices of small transformers; matrices of one shape go together.
/// </summary>
public sealed class Muon(IEnumerable<Tensor> matrices) : IDisposable
{
    private const double Momentum = 0.95;

    private readonly (Tensor[] Parameters, Tensor Momentum)[] _groups =
    [
        .. matrices.GroupBy(matrix => (matrix.shape[0], matrix.shape[1])).Select(group => (
            group.ToArray(), zeros(group.Count(), group.Key.Item1, group.Key.Item2).DetachFromDisposeScope())),
    ];

    public void Step(double learningRate, double weightDecay)
    {
        using var noGradient = no_grad();
        foreach (var (parameters, momentum) in _groups)
        {
            using var scope = NewDisposeScope();
            var gradient = stack(parameters.Select(parameter => parameter.grad!));
            momentum.lerp_(gradient, 1 - Momentum);
            var update = Orthogonalize(gradient.lerp(momentum, Momentum));
            double scale = Math.Sqrt(Math.Max(1.0, (double)update.shape[1] / update.shape[2]));
            for (int i = 0; i < parameters.Length; i++)
            {
                parameters[i].mul_(1 - (learningRate * weightDecay)).add_(update[i], alpha: -learningRate * scale);
            }
        }
    }

    public void Dispose()
    {
        foreach (var (_, momentum) in _groups)
        {
            momentum.Dispose();
        }
    }

    private static Tensor Orthogonalize(Tensor g)
    {
        bool tall = g.shape[1] > g.shape[2];
        var x = tall ? g.transpose(1, 2) : g;
        x = x / (x.square().sum([1, 2], keepdim: true).sqrt() + 1e-7);
        for (int i = 0; i < 5; i++)
        {
            var a = x.matmul(x.transpose(1, 2));
            x = (x * 3.4445) + ((a * -4.7750) + (a.matmul(a) * 2.0315)).matmul(x);
        }

        return tall ? x.transpose(1, 2) : x;
    }
}
