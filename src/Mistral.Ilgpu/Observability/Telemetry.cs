using System.Diagnostics;
using System.Diagnostics.Metrics;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Observability;

/// <summary>
/// What the library tells those who listen: the meter and the activity source <see cref="Name"/>, as OpenTelemetry collects them. Names
/// follow its conventions for generative models where there are some. Without a listener an instrument costs a comparison.
/// </summary>
public static class Telemetry
{
    /// <summary>Of the meter and of the activity source.</summary>
    public const string Name = "Mistral.Ilgpu";

    private static readonly KeyValuePair<string, object?> Prefill = new("mistral.phase", "prefill");
    private static readonly KeyValuePair<string, object?> Decode = new("mistral.phase", "decode");

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Shared = CreateMeter();

    private static readonly Counter<long> Tokens = Shared.CreateCounter<long>("mistral.tokens", "{token}", "Tokens taken by passes, of prompts and generated.");

    private static readonly Counter<long> SharedTokens = Shared.CreateCounter<long>(
        "mistral.tokens.shared", "{token}", "Tokens of prompts that were not computed again, because other texts begin alike.");

    private static readonly Histogram<int> PassTokens = Shared.CreateHistogram<int>("mistral.pass.tokens", "{token}", "Tokens in a pass.");

    private static readonly Histogram<double> QueueTime = Shared.CreateHistogram<double>(
        "mistral.queue.duration", "s", "From a text's submission until it has its place in the cache.");

    private static readonly Histogram<double> FirstToken = Shared.CreateHistogram<double>(
        "gen_ai.server.time_to_first_token", "s", "From when a text has its place until its first token.");

    private static readonly Histogram<double> PerToken = Shared.CreateHistogram<double>(
        "gen_ai.server.time_per_output_token", "s", "Mean time of a text's tokens after its first.");

    private static readonly Histogram<double> Duration = Shared.CreateHistogram<double>(
        "gen_ai.server.request.duration", "s", "From when a text has its place until its end.");

    /// <summary>For instruments that are observed and belong to an object, which disposes of the meter with itself.</summary>
    internal static Meter CreateMeter() => new(Name);

    internal static void OnPass(Pass pass)
    {
        if (Tokens.Enabled && pass.PrefillCount > 0)
        {
            Tokens.Add(pass.PrefillCount, Prefill);
        }

        if (Tokens.Enabled && pass.DecodeCount > 0)
        {
            Tokens.Add(pass.DecodeCount, Decode);
        }

        PassTokens.Record(pass.TokenCount);
    }

    internal static void OnBegin(TimeSpan queued, int sharedTokens)
    {
        QueueTime.Record(queued.TotalSeconds);
        if (sharedTokens > 0)
        {
            SharedTokens.Add(sharedTokens);
        }
    }

    /// <summary>An activity from now until <see cref="OnEnd"/>, null where nobody listens; it does not become the current one, for the
    /// thread that generates is not the one that asked.</summary>
    internal static Activity? StartText()
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        var current = Activity.Current;
        var activity = Source.StartActivity("generate", ActivityKind.Internal);
        Activity.Current = current;
        return activity;
    }

    internal static void OnEnd(Activity? activity, GenerationTimings timings, FinishReason reason, Exception? exception = null)
    {
        if (timings.DecodeTokens > 0)
        {
            PerToken.Record(timings.DecodeTime.TotalSeconds / timings.DecodeTokens);
        }

        if (timings.FirstTokenTime > TimeSpan.Zero)
        {
            FirstToken.Record(timings.FirstTokenTime.TotalSeconds);
        }

        if (Duration.Enabled)
        {
            Duration.Record((timings.PrefillTime + timings.DecodeTime).TotalSeconds, new KeyValuePair<string, object?>("gen_ai.response.finish_reason", NameOf(reason)));
        }

        if (activity is not null)
        {
            activity.SetTag("gen_ai.usage.input_tokens", timings.PrefillTokens);
            activity.SetTag("gen_ai.usage.output_tokens", timings.FirstTokenTime > TimeSpan.Zero ? timings.DecodeTokens + 1 : 0);
            activity.SetTag("gen_ai.response.finish_reason", NameOf(reason));
            if (exception is not null)
            {
                activity.SetStatus(ActivityStatusCode.Error, exception.Message);
            }

            activity.Dispose();
        }
    }

    private static string NameOf(FinishReason reason) => reason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        _ => "cancelled",
    };
}
