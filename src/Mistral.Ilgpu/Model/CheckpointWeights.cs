using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>The weights of a checkpoint in the formats and layouts that a device gets them in.</summary>
/// <param name="tensors">By name.</param>
internal sealed class CheckpointWeights(
    IReadOnlyDictionary<string, CheckpointTensor> tensors, ModelOptions options, DeviceInfo device) : IWeightSource
{
    private readonly Family _family = Family.Of(device);

    public MatrixPlan Matrix(int columns, bool isLookedUp, params ReadOnlySpan<(string Name, int Rows)> tensors)
    {
        var bands = new List<BandPlan>();
        foreach (var (name, rows) in tensors)
        {
            var format = FormatOf(name);
            var before = bands.Count > 0 && bands[^1].Format == format ? bands[^1] : null;
            if (before is not null)
            {
                bands.RemoveAt(bands.Count - 1);
            }

            bands.Add(Band([.. before?.Names ?? [], name], (before?.Rows ?? 0) + rows, format));
        }

        return new MatrixPlan(bands);

        BandPlan Band(IReadOnlyList<string> names, int rows, TensorFormat format)
        {
            var layout = isLookedUp ? WeightLayout.Rows : _family.LayoutOf(format, options.Activations);
            return new BandPlan(names, rows, columns, format, layout, WeightBand.SizeOf(rows, columns, format, layout));
        }
    }

    private TensorFormat FormatOf(string name) => tensors[name].FormatAs(options.WeightType);
}
