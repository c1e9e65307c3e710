using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Mistral.Ilgpu.Positions;

namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>Rotary positions in GGUF metadata, with the meaning that llama.cpp gives to its keys.</summary>
internal static class GgufRope
{
    public const string TypeKey = "rope.scaling.type";
    public const string FactorKey = "rope.scaling.factor";
    public const string OriginalKey = "rope.scaling.original_context_length";
    public const string AttentionKey = "rope.scaling.attn_factor";
    public const string BetaFastKey = "rope.scaling.yarn_beta_fast";
    public const string BetaSlowKey = "rope.scaling.yarn_beta_slow";
    public const string LogMultiplierKey = "rope.scaling.yarn_log_multiplier";
    public const string TemperatureKey = "attention.temperature_scale";

    public const string None = "none";
    public const string Linear = "linear";
    public const string Yarn = "yarn";

    /// <summary>The name of the tensor of divisors, one for the frequency of each pair.</summary>
    public const string DivisorsName = "rope_freqs.weight";

    private const string OldFactorKey = "rope.scale_linear";

    // Converters write transformers' attention_factor to this key.
    private const string YarnAttentionKey = "rope.scaling.yarn_attn_factor";
    private const string ExtrapolationKey = "rope.scaling.yarn_ext_factor";

    public static RopeScaling? Scaling(GgufMetadata metadata, Func<string, string> key, int headDim, double theta)
    {
        var scaling = Read(metadata, key);
        return scaling?.Fault(headDim, theta) is not { } fault ? scaling : throw metadata.Error(
            key(fault.Name switch
            {
                "factor" => FactorKey,
                "beta_fast" => BetaFastKey,
                "beta_slow" => BetaSlowKey,
                "attention_factor" => AttentionKey,
                _ => OriginalKey,
            }),
            fault.Found,
            fault.Expected);
    }

    public static QueryScaling? Queries(GgufMetadata metadata, Func<string, string> key) =>
        NotNegative(metadata, key(TemperatureKey)) is > 0 and var beta
            ? QueryScaling.Of(beta, metadata.RequiredCount(key(OriginalKey)))
            : null;

    /// <summary>The scaling by a file's divisors; null if all are 1.</summary>
    public static RopeScaling? OfDivisors(StoredTensor stored, ModelConfig config)
    {
        if (config.RopeScaling is { } scaling)
        {
            throw new ModelFileException(
                stored.Source.Name, $"{DivisorsName}: found it beside {scaling.Kind} scaling, expected one kind of scaling");
        }

        var tensor = CheckpointTensor.Of(new ExpectedTensor(DivisorsName, DivisorsName, 1, config.HeadDim / 2), stored);
        var divisors = new float[tensor.Columns];
        tensor.CopyRows(0, 1, TensorFormat.Float32, MemoryMarshal.AsBytes(divisors.AsSpan()));
        var pairs = new PairScaling([.. divisors]);
        return pairs.Fault(config.HeadDim, config.RopeTheta) is { } fault
            ? throw new ModelFileException(
                stored.Source.Name, $"{DivisorsName}: found {fault.FoundText}, expected {fault.Expected}")
            : Array.TrueForAll(divisors, divisor => divisor == 1) ? null : pairs;
    }

    private static RopeScaling? Read(GgufMetadata metadata, Func<string, string> key)
    {
        // llama.cpp reads a file without a type as linear.
        string type = metadata.Text(key(TypeKey)) ?? Linear;
        float factor = Factor(metadata, key);
        switch (type)
        {
            case None when factor == 1:
                return null;
            case None:
                throw metadata.Error(key(FactorKey), (double)factor, $"1, because {TypeKey} is {None}");
            case Linear:
                RequireOne(metadata, key(AttentionKey));
                return factor == 1 ? null : new LinearScaling(factor);
            case Yarn:
                RequireOne(metadata, key(ExtrapolationKey));
                return new YarnScaling(
                    factor,
                    metadata.RequiredCount(key(OriginalKey)),
                    Positive(metadata, key(BetaFastKey)) ?? YarnScaling.DefaultBetaFast,
                    Positive(metadata, key(BetaSlowKey)) ?? YarnScaling.DefaultBetaSlow,
                    Attention(metadata, key, factor));
            default:
                throw metadata.Error(key(TypeKey), type, $"{None}, {Linear} or {Yarn}");
        }
    }

    private static float Factor(GgufMetadata metadata, Func<string, string> key)
    {
        // 0 means none, as in llama.cpp.
        float factor = NotNegative(metadata, key(FactorKey)) ?? NotNegative(metadata, key(OldFactorKey)) ?? 0;
        return factor == 0 ? 1 : factor;
    }

    /// <summary>llama.cpp's quotient of two magnitudes; the multiplier of the numerator is always 1.</summary>
    private static float Attention(GgufMetadata metadata, Func<string, string> key, float factor)
    {
        float given = Positive(metadata, key(AttentionKey)) ?? 1;
        float magnitude = Positive(metadata, key(YarnAttentionKey))
            ?? (NotNegative(metadata, key(LogMultiplierKey)) is > 0 and var allDimensions
                ? YarnScaling.AttentionOf(factor, 1, allDimensions)
                : YarnScaling.AttentionOf(factor));
        return given * magnitude;
    }

    private static void RequireOne(GgufMetadata metadata, string key)
    {
        if (metadata.Number(key) is { } number && number != 1)
        {
            throw metadata.Error(key, number, "1");
        }
    }

    private static float? Positive(GgufMetadata metadata, string key) => NotNegative(metadata, key) switch
    {
        0 => throw metadata.Error(key, 0.0, "a positive number"),
        var number => number,
    };

    private static float? NotNegative(GgufMetadata metadata, string key) => metadata.Number(key) switch
    {
        null => null,
        { } number when (float)number is >= 0 and < float.PositiveInfinity => (float)number,
        { } number => throw metadata.Error(key, number, "a number from 0"),
    };
}
