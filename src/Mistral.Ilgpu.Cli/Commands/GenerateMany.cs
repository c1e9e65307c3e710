using System.Text.Json;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>
/// Continues a file of prompts, many at once; results are written in the order of the prompts, each as soon as it and those before
/// it are there.
/// </summary>
internal sealed class GenerateMany(LoadedModel loaded, GenerationOptions options, Narrator narrator)
{
    // Finished texts wait for slower ones before them; so many places ahead they may run.
    private const int PlacesAhead = 4;

    /// <param name="output">Where results go and, from an earlier run, may be; null for standard output.</param>
    /// <returns>The exit code.</returns>
    public int Run(IReadOnlyList<int[]> prompts, string? output, CancellationToken cancellation)
    {
        Validate(prompts);
        if (output is null)
        {
            return Continue(prompts, 0, narrator.Terminal.Out, cancellation);
        }

        int done = ResultFile.Resume(output, prompts);
        if (done > 0)
        {
            narrator.Say($"{output} has the results of {done} of {prompts.Count} prompts already");
        }

        using var writer = ResultFile.Append(output);
        return Continue(prompts, done, writer, cancellation);
    }

    private int Continue(IReadOnlyList<int[]> prompts, int done, TextWriter output, CancellationToken cancellation)
    {
        using var generator = new BatchGenerator(loaded.Model, loaded.Checkpoint.Tokenizer);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        long tokens = 0;
        try
        {
            ProgressBar.Run(narrator, $"{prompts.Count} prompts", prompts.Count, report =>
            {
                var ahead = new Queue<BatchedGeneration>();
                for (int next = done; done < prompts.Count;)
                {
                    while (next < prompts.Count && ahead.Count < PlacesAhead * loaded.Model.Options.Sequences)
                    {
                        ahead.Enqueue(generator.Submit(prompts[next++], options));
                    }

                    generator.Step(cancellation);
                    while (ahead.TryPeek(out var first) && first.Completion.IsCompleted)
                    {
                        first.Completion.GetAwaiter().GetResult();
                        Json.WriteLine(output, json => GenerationJson.Write(json, ahead.Dequeue(), loaded));
                        tokens += first.Ids.Count;
                        report(++done);
                    }
                }

                return done;
            });
        }
        catch (OperationCanceledException)
        {
            narrator.Say($"interrupted after {done} of {prompts.Count} prompts");
            return ExitCode.Interrupted;
        }

        narrator.Say($"{prompts.Count} prompts, {tokens} tokens in {Narrator.Seconds(clock.Elapsed)} ({tokens / clock.Elapsed.TotalSeconds:0.0} tokens/s)");
        return ExitCode.Done;
    }

    // Before anything is computed, so that a long file does not fail in its middle.
    private void Validate(IReadOnlyList<int[]> prompts)
    {
        for (int i = 0; i < prompts.Count; i++)
        {
            if (prompts[i].Length > loaded.Model.Context)
            {
                throw new UsageException(FormattableString.Invariant(
                    $"prompt {i + 1}: found {prompts[i].Length} tokens, expected at most the context's {loaded.Model.Context}; give more with --context"));
            }
        }
    }
}

/// <summary>A file of results that an interrupted run left, to be gone on with.</summary>
internal static class ResultFile
{
    /// <summary>How many of the prompts have their result. What a line lacks its end is cut off.</summary>
    /// <exception cref="ModelFileException">The results are of other prompts.</exception>
    public static int Resume(string path, IReadOnlyList<int[]> prompts)
    {
        if (!File.Exists(path))
        {
            return 0;
        }

        string text = DataFile.Read(path, File.ReadAllText);
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length - 1; i++)
        {
            string where = FormattableString.Invariant($"{path}, line {i + 1}");
            int[] ids = DataFile.Parse(where, lines[i], PromptIds);
            if (i >= prompts.Count || !ids.AsSpan().SequenceEqual(prompts[i]))
            {
                throw new ModelFileException(where, FormattableString.Invariant(
                    $"prompt_ids: found those of another prompt, expected prompt {i + 1}'s; --output goes on with the results of the same --input"));
            }
        }

        if (lines[^1].Length > 0)
        {
            File.WriteAllText(path, text[..^lines[^1].Length]);
        }

        return lines.Length - 1;
    }

    public static StreamWriter Append(string path)
    {
        try
        {
            return new StreamWriter(OutputStream.ForResults(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0), path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(path, $"not writable: {exception.Message}", exception);
        }
    }

    private static int[] PromptIds(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty("prompt_ids", out var ids) && ids.ValueKind == JsonValueKind.Array
            ? [.. ids.EnumerateArray().Select(id => id.GetInt32())]
            : [];
}
