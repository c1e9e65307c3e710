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
        "mistral.queue.duration", "s", "From a text's submission until it has its place in the cache."));

    private static readonly Histogram<double> FirstToken = Telemetry.Create(meter => meter.CreateHistogram<double>(
        "gen_ai.server.time_to_first_token", "s", "From a text's submission until its first token."));

    private static readonly Histogram<double> PerToken = Telemetry.Create(meter => meter.CreateHistogram<double>(
        "gen_ai.server.time_per_output_token", "s", "Mean time of a text's tokens after its first."));

    private static readonly Histogram<double> Duration = Telemetry.Create(meter => meter.CreateHistogram<double>(
        "gen_ai.server.request.duration", "s", "From when a text has its place until its end."));

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
