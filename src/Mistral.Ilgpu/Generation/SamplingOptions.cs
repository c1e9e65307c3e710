using System.Collections.Frozen;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Generation;

/// <summary>How a token is chosen from its logits. The defaults choose the likeliest one. In this order: bias, penalties, logit
/// processors, top-k, top-p, min-p, temperature and one draw.</summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 always takes the likeliest token.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Temperature
    {
        get;
        init => field = Require(double.IsFinite(value) && value >= 0, nameof(Temperature), value, "0 or more");
    }

    /// <summary>Keeps the k likeliest tokens; 0 keeps all (Fan et al. 2018, arXiv 1805.04833).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int TopK
    {
        get;
        init => field = Require(value >= 0, nameof(TopK), value, "0 or more");
    }

    /// <summary>Keeps the fewest tokens whose probabilities reach this sum; 1 keeps all (Holtzman et al. 2019, arXiv
    /// 1904.09751).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in (0, 1].</exception>
    public double TopP
    {
        get;
        init => field = Require(value is > 0 and <= 1, nameof(TopP), value, "more than 0, at most 1");
    } = 1;

    /// <summary>Keeps tokens at least this probable relative to the likeliest one; 0 keeps all (Nguyen et al. 2024, arXiv
    /// 2407.01082).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in [0, 1].</exception>
    public double MinP
    {
        get;
        init => field = Require(value is >= 0 and <= 1, nameof(MinP), value, "0 to 1");
    }

    /// <summary>Divides positive and multiplies negative logits of tokens of the prompt and the output; 1 changes nothing (Keskar
    /// et al. 2019, CTRL, arXiv 1909.05858, §4.1).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not above 0.</exception>
    public double RepeatPenalty
    {
        get;
        init => field = Require(double.IsFinite(value) && value > 0, nameof(RepeatPenalty), value, "more than 0");
    } = 1;

    /// <summary>Is subtracted from the logits of tokens that the output has; 0 changes nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not finite.</exception>
    public double PresencePenalty
    {
        get;
        init => field = Require(double.IsFinite(value), nameof(PresencePenalty), value, "a finite number");
    }

    /// <summary>Is subtracted from a token's logit once for each time that the output has it; 0 changes nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not finite.</exception>
    public double FrequencyPenalty
    {
        get;
        init => field = Require(double.IsFinite(value), nameof(FrequencyPenalty), value, "a finite number");
    }

    /// <summary>How many of the last tokens, prompt and output together, the penalties look at; 0 for all.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int PenaltyWindow
    {
        get;
        init => field = Require(value >= 0, nameof(PenaltyWindow), value, "0 or more");
    }

    /// <summary>Is added to the logits of these tokens, by id; −∞ forbids one.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = FrozenDictionary<int, float>.Empty;

    /// <summary>Decides every draw; null for a seed of its own for each text, see <see cref="TextGeneration.Seed"/>.</summary>
    public ulong? Seed { get; init; }

    internal bool IsPenalized => RepeatPenalty != 1 || PresencePenalty != 0 || FrequencyPenalty != 0;

    /// <summary>Whether the model's logits are changed before a token is chosen, so that they must leave the device.</summary>
    internal bool ChangesLogits => IsPenalized || LogitBias.Count > 0;

    /// <summary>How a token is chosen once logits are changed.</summary>
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
