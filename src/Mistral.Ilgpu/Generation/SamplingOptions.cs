using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Generation;

/// <summary>How a token is chosen from its logits; see <see cref="Sampler"/>. The defaults choose the most likely one.</summary>
public sealed record SamplingOptions
{
    public static SamplingOptions Greedy { get; } = new();

    /// <summary>Divides the logits; 0 always takes the most likely token.</summary>
    public double Temperature
    {
        get;
        init => field = Require(double.IsFinite(value) && value >= 0, nameof(Temperature), value, "0 or more");
    }

    /// <summary>Keeps the k most likely tokens; 0 keeps all.</summary>
    public int TopK
    {
        get;
        init => field = Require(value >= 0, nameof(TopK), value, "0 or more");
    }

    /// <summary>Keeps the fewest tokens whose probabilities reach this sum; 1 keeps all.</summary>
    public double TopP
    {
        get;
        init => field = Require(value is > 0 and <= 1, nameof(TopP), value, "more than 0, at most 1");
    } = 1;

    /// <summary>Keeps tokens at least this probable relative to the most probable one; 0 keeps all.</summary>
    public double MinP
    {
        get;
        init => field = Require(value is >= 0 and <= 1, nameof(MinP), value, "0 to 1");
    }

    /// <summary>Divides positive and multiplies negative logits of tokens seen before; 1 changes nothing.</summary>
    public double RepeatPenalty
    {
        get;
        init => field = Require(double.IsFinite(value) && value > 0, nameof(RepeatPenalty), value, "more than 0");
    } = 1;

    /// <summary>Decides every draw.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether the model's logits are changed before a token is chosen, so that they must leave the device.</summary>
    public bool IsPenalized => RepeatPenalty != 1;

    /// <summary>How a token is chosen once logits are penalized.</summary>
    /// <param name="random">Decides it.</param>
    internal TokenChoice ChoiceOf(ulong random)
    {
        const double Unit = 1UL << 32;
        if (Temperature == 0)
        {
            return TokenChoice.Likeliest;
        }

        // Conversions from double stop at the largest number that there is.
        return new TokenChoice(
            IsDrawn: true,
            TopK > 0 ? TopK : int.MaxValue,
            MostDistance: (uint)Math.Min(TokenOrder.Never, -Math.Log(MinP) * (1 << TokenOrder.FractionBits)),
            Scale: (ulong)Math.Round(Unit / (Temperature * Math.Log(2))),
            TopP: TopP < 1 ? Math.Max(1, (ulong)(TopP * Unit * Unit)) : 0,
            random);
    }

    private static T Require<T>(bool condition, string name, T value, string expected) =>
        condition ? value : throw new ArgumentOutOfRangeException(name, value, $"expected {expected}");
}
