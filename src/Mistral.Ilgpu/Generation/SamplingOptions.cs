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

    /// <summary>Whether the most likely token is taken as the model scores it, so that logits need not leave the device.</summary>
    public bool IsPlainArgMax => Temperature == 0 && RepeatPenalty == 1;

    private static T Require<T>(bool condition, string name, T value, string expected) =>
        condition ? value : throw new ArgumentOutOfRangeException(name, value, $"expected {expected}");
}
