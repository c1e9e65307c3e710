using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Requests;

/// <summary>The fields of <see cref="GenerationRequest"/> in the library's own terms.</summary>
internal static class GenerationReader
{
    private const int MostStops = 16;
    private const double MostBias = 100;

    /// <summary>How a text is generated, the number of tokens and log-probabilities left out.</summary>
    public static GenerationOptions Read(GenerationRequest request, ServedModel model) => OptionsOf(request, model) with
    {
        Constraint = ConstraintFields.Read(request, model.Options)?.Compile(),
    };

    /// <summary>Requires that there are not too many answers.</summary>
    /// <returns>Answers to each prompt.</returns>
    public static int CountOf(GenerationRequest request, int prompts, MistralServerOptions options)
    {
        int count = request.N ?? 1;
        return (long)count * prompts <= options.MaxAnswers
            ? count
            : throw ApiException.Wrong("n", $"{count} for {prompts} prompts", $"at most {options.MaxAnswers} answers");
    }

    /// <summary>Whether it begins before others. Lower numbers are earlier, as vLLM has it.</summary>
    public static int PriorityOf(GenerationRequest request) => -Math.Max(request.Priority ?? 0, -int.MaxValue);

    public static TimeSpan? DeadlineOf(GenerationRequest request) =>
        request.Timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>The options of one of several answers, which draw differently.</summary>
    public static GenerationOptions Nth(this GenerationOptions options, int index) => options.Sampling.Seed is { } seed
        ? options with { Sampling = options.Sampling with { Seed = unchecked(seed + (ulong)index) } }
        : options;

    /// <summary>Texts before which an answer ends: a text, or a list of texts.</summary>
    public static IReadOnlyList<string> StopOf(JsonElement? stop, string name)
    {
        IReadOnlyList<string> stops = stop is null ? [] : JsonUnions.OneOrManyTexts(stop.Value, name);
        return stops.Count > MostStops
            ? throw ApiException.Wrong(name, $"{stops.Count} texts", $"at most {MostStops}")
            : stops.Contains("") ? throw ApiException.Wrong(name, "an empty text", "texts of 1 character or more")
            : stops;
    }

    /// <summary>What is added to logits, by token.</summary>
    public static IReadOnlyDictionary<int, float> BiasOf(IReadOnlyDictionary<string, double>? biases, int vocabularySize)
    {
        var read = new Dictionary<int, float>();
        foreach (var (key, bias) in biases ?? new Dictionary<string, double>())
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id >= vocabularySize)
            {
                throw ApiException.Wrong("logit_bias", $"token '{key}'", $"ids below {vocabularySize}");
            }

            read[id] = Math.Abs(bias) <= MostBias
                ? (float)bias
                : throw ApiException.Wrong($"logit_bias.{key}", bias.ToString(CultureInfo.InvariantCulture), "-100 to 100");
        }

        return read;
    }

    private static GenerationOptions OptionsOf(GenerationRequest request, ServedModel model) => new()
    {
        Stop = StopOf(request.Stop, "stop"),
        IgnoreEos = request.IgnoreEos == true,
        LogitProcessors = model.LogitProcessors,
        Sampling = new SamplingOptions
        {
            Temperature = request.Temperature ?? 1,
            TopP = request.TopP ?? 1,
            TopK = Math.Max(0, request.TopK ?? 0),
            MinP = request.MinP ?? 0,
            PresencePenalty = request.PresencePenalty ?? 0,
            FrequencyPenalty = request.FrequencyPenalty ?? 0,
            RepeatPenalty = request.RepetitionPenalty ?? 1,
            LogitBias = BiasOf(request.LogitBias, model.Language.Info.VocabularySize),
            Seed = request.Seed is { } seed ? unchecked((ulong)seed) : null,
        },
    };
}
