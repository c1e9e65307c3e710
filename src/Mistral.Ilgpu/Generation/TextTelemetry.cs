using System.Diagnostics;
using System.Diagnostics.Metrics;
using Mistral.Ilgpu.Observability;

namespace Mistral.Ilgpu.Generation;

/// <summary>The instruments and the activity of a text, see <see cref="Telemetry"/>.</summary>
internal static class TextTelemetry
{
    private static readonly Counter<long> SharedTokens = Telemetry.Create(meter => meter.CreateCounter<long>(
        "mistral.tokens.shared", "{token}", "Tokens of prompts that were not computed again, because other texts begin alike."));

    private static readonly Histogram<double> QueueTime = Telemetry.Create(meter => meter.CreateHistogram<double>(
        "mistral.queue.duration", "s", "From a text's submission until it has its place in the cache.", tags: null,
        Buckets(0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120)));

    private static readonly Histogram<double> FirstToken = Telemetry.Create(meter => meter.CreateHistogram<double>(
        "gen_ai.server.time_to_first_token", "s", "From a text's submission until its first token.", tags: null,
        Buckets(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)));

    private static readonly Histogram<double> PerToken = Telemetry.Create(meter => meter.CreateHistogram<double>(
        "gen_ai.server.time_per_output_token", "s", "Mean time of a text's tokens after its first.", tags: null,
        Buckets(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5)));

    private static readonly Histogram<double> Duration = Telemetry.Create(meter => meter.CreateHistogram<double>(
        "gen_ai.server.request.duration", "s", "From when a text has its place until its end.", tags: null,
        Buckets(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)));

    internal static void OnBegin(TimeSpan queued, int sharedTokens)
    {
        try
        {
            QueueTime.Record(queued.TotalSeconds);
            if (sharedTokens > 0)
            {
                SharedTokens.Add(sharedTokens);
            }
        }
        catch (Exception)
        {
            // What a listener throws is its own fault, and ends no text; so below.
        }
    }

    /// <summary>An activity from now until <see cref="OnEnd"/>, null where nobody listens; it does not become the current one,
    /// for the thread that generates is not the one that asked.</summary>
    internal static Activity? StartText()
    {
        if (!Telemetry.Source.HasListeners())
        {
            return null;
        }

        var current = Activity.Current;
        try
        {
            return Telemetry.Source.StartActivity("generate", ActivityKind.Internal);
        }
        catch (Exception)
        {
            return null;
        }
        finally
        {
            Activity.Current = current;
        }
    }

    /// <param name="inputTokens">Tokens of the prompt, shared or computed.</param>
    /// <param name="outputTokens">Tokens generated.</param>
    internal static void OnEnd(
        Activity? activity, int inputTokens, int outputTokens, GenerationTimings timings, FinishReason reason,
        Exception? exception)
    {
        try
        {
            Record(timings, reason);
        }
        catch (Exception)
        {
        }

        try
        {
            End(activity, inputTokens, outputTokens, reason, exception);
        }
        catch (Exception)
        {
        }
    }

    // OpenTelemetry's own are made for milliseconds. Those of gen_ai are the ones that its conventions name.
    private static InstrumentAdvice<double> Buckets(params double[] bounds) => new() { HistogramBucketBoundaries = bounds };

    private static void Record(GenerationTimings timings, FinishReason reason)
    {
        if (timings.DecodeTokens > 0)
        {
            PerToken.Record(timings.DecodeTime.TotalSeconds / timings.DecodeTokens);
        }

        if (timings.FirstTokenTime > TimeSpan.Zero)
        {
            FirstToken.Record(timings.FirstTokenTime.TotalSeconds);
        }

        if (timings.QueueTime > TimeSpan.Zero && Duration.Enabled)
        {
            Duration.Record(
                (timings.PrefillTime + timings.DecodeTime).TotalSeconds,
                new KeyValuePair<string, object?>("gen_ai.response.finish_reason", reason.Name()));
        }
    }

    private static void End(Activity? activity, int inputTokens, int outputTokens, FinishReason reason, Exception? exception)
    {
        if (activity is null)
        {
            return;
        }

        activity.SetTag("gen_ai.usage.input_tokens", inputTokens);
        activity.SetTag("gen_ai.usage.output_tokens", outputTokens);
        activity.SetTag("gen_ai.response.finish_reason", reason.Name());
        if (exception is not null)
        {
            activity.SetStatus(ActivityStatusCode.Error, exception.Message);
        }

        // Its end changes what is current on the thread that ends it, which may be a caller's.
        var current = Activity.Current;
        try
        {
            activity.Dispose();
        }
        finally
        {
            Activity.Current = current;
        }
    }
}
