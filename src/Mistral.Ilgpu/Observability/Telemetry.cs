using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Mistral.Ilgpu.Observability;

/// <summary>
/// The name of the library's meter and activity source, for OpenTelemetry and other listeners.
/// Instruments follow its conventions for generative models where they exist. An instrument without a listener costs one
/// comparison.
/// </summary>
/// <example><c>.WithMetrics(metrics => metrics.AddMeter(Telemetry.Name))</c> and
/// <c>.WithTracing(traces => traces.AddSource(Telemetry.Name))</c></example>
public static class Telemetry
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "Mistral.Ilgpu";

    private static readonly KeyValuePair<string, object?> Prefill = new("mistral.phase", "prefill");
    private static readonly KeyValuePair<string, object?> Decode = new("mistral.phase", "decode");

    /// <summary>The source of a text's activities.</summary>
    internal static ActivitySource Source { get; } = new(Name);

    /// <summary>The meter of instruments that live as long as the process.</summary>
    internal static Meter Shared { get; } = CreateMeter();

    private static readonly Counter<long> Tokens = Create(meter => meter.CreateCounter<long>(
        "mistral.tokens", "{token}", "Tokens taken by passes, of prompts and generated."));

    private static readonly Histogram<int> PassTokens = Create(meter => meter.CreateHistogram<int>(
        "mistral.pass.tokens", "{token}", "Tokens in a pass."));

    /// <summary>Creates the meter of an object's observed instruments, which the object disposes with itself.</summary>
    internal static Meter CreateMeter() => new(Name);

    /// <summary>Creates an instrument of <see cref="Shared"/>; one that nobody hears if a listener throws when it is told of
    /// it.</summary>
    internal static T Create<T>(Func<Meter, T> create)
    {
        try
        {
            return create(Shared);
        }
        catch (Exception)
        {
            var closed = CreateMeter();
            closed.Dispose();
            return create(closed);
        }
    }

    /// <summary>Creates an observed instrument, whatever its listeners throw.</summary>
    internal static void Publish(Func<Instrument> create)
    {
        try
        {
            _ = create();
        }
        catch (Exception)
        {
            // They do without it.
        }
    }

    /// <summary>Disposes of a meter, whatever its listeners throw.</summary>
    internal static void Close(Meter meter)
    {
        try
        {
            meter.Dispose();
        }
        catch (Exception)
        {
            // It is closed before they are told.
        }
    }

    /// <summary>Records a pass with tokens of prompts and one token of each decoded text.</summary>
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
