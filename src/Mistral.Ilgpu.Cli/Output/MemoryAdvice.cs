using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>States why a model does not fit, and with which options it would.</summary>
internal static class MemoryAdvice
{
    public static string Text(ModelMemoryException exception)
    {
        string[] options =
        [
            .. exception.FittingType is { } type ? new[] { $"--type {type.ShortName()}" } : [],
            .. exception.FittingContext is { } context ? new[] { FormattableString.Invariant($"--context {context}") } : [],
        ];
        string help = options.Length > 0
            ? $"{string.Join(" or ", options)} would fit"
            : "neither --type nor --context alone would do";
        return $"{exception.Model} does not fit device {exception.Device}: needed {ByteSize.Text(exception.NeededBytes)} "
            + $"(weights {ByteSize.Text(exception.WeightBytes)}, "
            + $"cache {ByteSize.Text(exception.CacheBytes)}, activations {ByteSize.Text(exception.ActivationBytes)}), "
            + $"available {ByteSize.Text(exception.AvailableBytes)}; {help}";
    }
}
