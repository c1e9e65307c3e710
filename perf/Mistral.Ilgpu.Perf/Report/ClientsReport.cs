using System.Diagnostics;
using System.Globalization;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Perf.Report;

/// <summary>
/// Clients that send texts to one model at once and cancel some of them: tokens per second, and whether each text is the one
/// that the model gives alone.
/// </summary>
internal static class ClientsReport
{
    private const int Prompts = 48;
    private const double CancelledPart = 0.35;

    /// <summary>Runs, and prints one line.</summary>
    /// <returns>Whether every text was right, and all pages came back.</returns>
    public static async Task<bool> Write(string device, int clients, TimeSpan time)
    {
        await using var model = await LanguageModel.LoadAsync(
            "tiny", new LanguageModelOptions { Device = device, MaxTexts = 16, MaxWaiting = 10 * clients }).ConfigureAwait(false);
        var requests = Requests(model);
        var expected = new string[requests.Length];
        for (int i = 0; i < requests.Length; i++)
        {
            var alone = model.Engine.Submit(requests[i]);
            await alone.Completion.ConfigureAwait(false);
            expected[i] = alone.Text;
        }

        long tokens = 0;
        int texts = 0;
        int cancelled = 0;
        int wrong = 0;
        int failed = 0;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(() => Run(new Random(client))))).ConfigureAwait(false);
        double seconds = clock.Elapsed.TotalSeconds;
        var sequences = model.Model.Cache.Sequences;
        bool isBack = sequences.AvailableBytes == sequences.Bytes;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{model.Info.Device}: {clients} clients, {seconds:0} s, {texts} texts ({cancelled} cancelled), {tokens / seconds:0} tokens/s, "
            + $"mean prompt {requests.Average(request => request.PromptIds.Count):0}, {wrong} wrong, {failed} failed, "
            + $"pages {(isBack ? "all back" : "lost")}"));
        return wrong == 0 && failed == 0 && isBack;

        async Task Run(Random random)
        {
            while (clock.Elapsed < time)
            {
                int index = random.Next(requests.Length);
                int leaveAfter = random.NextDouble() < CancelledPart ? random.Next(40) : int.MaxValue;
                var text = model.Engine.Submit(requests[index]);
                int read = 0;
                try
                {
                    await foreach (var token in text.ConfigureAwait(false))
                    {
                        Interlocked.Increment(ref tokens);
                        if (++read > leaveAfter)
                        {
                            break;
                        }
                    }

                    await text.Completion.ConfigureAwait(false);
                    bool isWhole = text.FinishReason != FinishReason.Cancelled;
                    Interlocked.Add(ref cancelled, isWhole ? 0 : 1);
                    bool isRight = isWhole
                        ? text.Text == expected[index] : expected[index].StartsWith(text.Text, StringComparison.Ordinal);
                    Interlocked.Add(ref wrong, isRight ? 0 : 1);
                }
                catch (Exception exception)
                {
                    Interlocked.Increment(ref failed);
                    await Console.Error.WriteLineAsync(exception.Message).ConfigureAwait(false);
                }

                Interlocked.Increment(ref texts);
            }
        }
    }

    // From a word to a page, 73 tokens in the mean.
    private static TextRequest[] Requests(LanguageModel model)
    {
        var random = new Random(7);
        int[] words = [.. model.Tokenizer.EncodeToIds(
            "Once upon a time there was a girl named Lily. She had a red ball. One day she walked to the park with her friend Tom.")];
        return
        [
            .. Enumerable.Range(0, Prompts).Select(i => new TextRequest(
                [model.Tokenizer.BosId, .. Enumerable.Range(0, random.Next(1, 144)).Select(at => words[(at + i) % words.Length])])
            {
                Options = new GenerationOptions
                {
                    MaxTokens = random.Next(16, 128),
                    Sampling = new SamplingOptions { Temperature = i % 3 == 0 ? 0 : 0.8, TopP = 0.95, Seed = (ulong)i },
                },
            }),
        ];
    }
}
