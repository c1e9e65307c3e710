using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Mistral.Ilgpu.Observability;

/// <summary>
/// What the library tells those who listen: the meter and the activity source <see cref="Name"/>, as OpenTelemetry collects them.
/// Names follow its conventions for generative models where there are some. Without a listener an instrument costs a comparison.
/// </summary>
public static class Telemetry
{
    /// <summary>Of the meter and of the activity source.</summary>
    public const string Name = "Mistral.Ilgpu";

    private static readonly KeyValuePair<string, object?> Prefill = new("mistral.phase", "prefill");
    private static readonly KeyValuePair<string, object?> Decode = new("mistral.phase", "decode");

    /// <summary>Of the activities of texts.</summary>
    internal static ActivitySource Source { get; } = new(Name);

    /// <summary>For instruments that live as long as the process.</summary>
    internal static Meter Shared { get; } = CreateMeter();

    private static readonly Counter<long> Tokens = Shared.CreateCounter<long>(
        "mistral.tokens", "{token}", "Tokens taken by passes, of prompts and generated.");

    private static readonly Histogram<int> PassTokens = Shared.CreateHistogram<int>(
        "mistral.pass.tokens", "{token}", "Tokens in a pass.");

    /// <summary>For instruments that are observed and belong to an object, which disposes of the meter with itself.</summary>
    internal static Meter CreateMeter() => new(Name);

    /// <summary>A pass took tokens of prompts, and a token each of texts that decode.</summary>
    internal static void OnPass(int prefillTokens, int decodeTokens)
    {
        try
        {
            Record(prefillTokens, decodeTokens);
        }
        catch (Exception)
        {
            // What a listener throws is its own fault, and ends no text.
        }
    }

    private static void Record(int prefillTokens, int decodeTokens)
    {
        if (Tokens.Enabled && prefillTokens > 0)
        {
            Tokens.Add(prefillTokens, Prefill);
        }

        if (Tokens.Enabled && decodeTokens > 0)
        {
            Tokens.Add(decodeTokens, Decode);
        }

        PassTokens.Record(prefillTokens + decodeTokens);
    }
}
