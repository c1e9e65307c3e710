using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>The formats and layouts of a model's tensors on a device.</summary>
/// <param name="formatOf">The format of a tensor, by its name.</param>
/// <param name="layoutOf">The layout of the weights of a product, by their format.</param>
internal sealed class WeightFormats(Func<string, TensorFormat> formatOf, Func<TensorFormat, WeightLayout> layoutOf)
{
    /// <summary>The formats and layouts on devices of a family.</summary>
    public static WeightFormats On(Family family, ActivationType activations, Func<string, TensorFormat> formatOf) =>
        new(formatOf, format => family.LayoutOf(format, activations));

    /// <summary>A matrix of tensors with the same number of columns, stacked on the device in this order.</summary>
    /// <param name="isLookedUp">Whether single rows are read, which requires plain rows.</param>
    public MatrixPlan Matrix(int columns, bool isLookedUp, params ReadOnlySpan<(string Name, int Rows)> tensors)
    {
        var bands = new List<BandPlan>();
        foreach (var (name, rows) in tensors)
        {
            var format = formatOf(name);
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
            var layout = isLookedUp ? WeightLayout.Rows : layoutOf(format);
            return new BandPlan(names, rows, columns, format, layout, WeightBand.SizeOf(rows, columns, format, layout));
        }
    }
}
