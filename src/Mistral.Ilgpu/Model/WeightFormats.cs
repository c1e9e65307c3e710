using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>The formats and layouts of a model's tensors on a device.</summary>
/// <param name="formatOf">The format of a tensor, by its name.</param>
/// <param name="layoutOf">The layout of the weights of a product, by their format.</param>
/// <param name="tableLayoutOf">The layout of a table whose rows are looked up, by its format and whether it is multiplied
/// too.</param>
internal sealed class WeightFormats(
    Func<string, TensorFormat> formatOf, Func<TensorFormat, WeightLayout> layoutOf,
    Func<TensorFormat, bool, WeightLayout> tableLayoutOf)
{
    /// <summary>The formats and layouts on devices of a family.</summary>
    public static WeightFormats On(Family family, ActivationType activations, Func<string, TensorFormat> formatOf) => new(
        formatOf,
        format => family.LayoutOf(format, activations),
        (format, isMultiplied) => family.TableLayoutOf(format, activations, isMultiplied));

    /// <summary>A table of which single rows are read.</summary>
    /// <param name="isMultiplied">Whether activations are multiplied with it too.</param>
    public MatrixPlan Table(int columns, bool isMultiplied, string name, int rows)
    {
        var format = formatOf(name);
        return new MatrixPlan([Band(columns, [name], rows, format, tableLayoutOf(format, isMultiplied))]);
    }

    /// <summary>A matrix of tensors with the same number of columns, stacked on the device in this order.</summary>
    public MatrixPlan Matrix(int columns, params ReadOnlySpan<(string Name, int Rows)> tensors)
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

            bands.Add(Band(columns, [.. before?.Names ?? [], name], (before?.Rows ?? 0) + rows, format, layoutOf(format)));
        }

        return new MatrixPlan(bands);
    }

    private static BandPlan Band(
        int columns, IReadOnlyList<string> names, int rows, TensorFormat format, WeightLayout layout) =>
        new(names, rows, columns, format, layout, WeightBand.SizeOf(rows, columns, format, layout));
}
