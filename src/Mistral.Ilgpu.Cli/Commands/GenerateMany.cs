using System.Diagnostics;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>
/// Continues the prompts of a file, many at once. Writes the results in the order of the prompts, each as soon as all results
/// before it are written. A prompt that cannot be continued gets a result with an error, and the others continue.
/// </summary>
/// <param name="settings">Written to each result; null to omit them.</param>
internal sealed class GenerateMany(LoadedModel loaded, GenerationOptions options, Narrator narrator, JsonObject? settings)
{
    // Finished texts wait for slower ones before them. This limits the texts in progress, in multiples of the batch.
    private const int PlacesAhead = 4;

    private int _failed;

    /// <param name="done">The number of prompts with a result from an earlier run.</param>
    /// <param name="failed">The number of these results that are errors.</param>
    /// <returns>The exit code.</returns>
    public int Run(IReadOnlyList<int[]> prompts, int done, int failed, TextWriter output, CancellationToken cancellation)
    {
        _failed = failed;
        var clock = Stopwatch.StartNew();
        long tokens = 0;
        try
        {
            ProgressBar.Run(narrator, $"{prompts.Count} prompts", prompts.Count, report =>
            {
                var ahead = new Queue<Continued>();
                for (int next = done; done < prompts.Count;)
                {
                    while (next < prompts.Count && ahead.Count < PlacesAhead * loaded.Model.Options.Sequences)
                    {
                        ahead.Enqueue(Submit(prompts[next++], cancellation));
                    }

                    var first = ahead.Dequeue();
                    first.Wait(cancellation);
                    tokens += Write(first, output);
                    report(++done);
                }

                return done;
            });
        }
        catch (OperationCanceledException)
        {
            narrator.Say($"interrupted after {done} of {prompts.Count} prompts");
            return ExitCode.Interrupted;
        }

        narrator.Say(
            $"{prompts.Count} prompts, {tokens} tokens in {Narrator.Seconds(clock.Elapsed)} ({
                tokens / clock.Elapsed.TotalSeconds:0.0} tokens/s)");
        return narrator.ManyDone(_failed, prompts.Count);
    }

    private Continued Submit(int[] prompt, CancellationToken cancellation)
    {
        try
        {
            return new Continued(
                prompt, loaded.Language.Engine.Submit(new TextRequest(prompt) { Options = options }, cancellation), null);
        }
        catch (Exception exception) when (exception is ContextFullException or CacheFullException)
        {
            return new Continued(prompt, null, exception.Message);
        }
    }

    // Returns the number of tokens of the text.
    private int Write(Continued text, TextWriter output)
    {
        string? error = text.Error ?? Fault(text.Generation!);
        _failed += error is null ? 0 : 1;
        Json.WriteLine(output, json =>
        {
            if (error is null)
            {
                GenerationJson.Write(json, text.Generation!, loaded, settings);
            }
            else
            {
                GenerationJson.WriteError(json, text.Prompt, error, loaded, settings);
            }
        });
        return text.Generation?.Ids.Count ?? 0;
    }

    // These failures concern only this text. A failed pass concerns all texts and ends the run.
    private static string? Fault(TextGeneration generation) => generation.Completion.Exception?.InnerException switch
    {
        null => null,
        ModelFileException or ArithmeticException => generation.Completion.Exception.InnerException.Message,
        { } exception => throw exception,
    };

    private sealed record Continued(int[] Prompt, TextGeneration? Generation, string? Error)
    {
        public void Wait(CancellationToken cancellation)
        {
            if (Generation is not null)
            {
                // Does not throw: a failure is reported with the result.
                Task.WaitAny([Generation.Completion], CancellationToken.None);
            }

            cancellation.ThrowIfCancellationRequested();
        }
    }
}
