using System.CommandLine;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>The options of generation.</summary>
/// <param name="defaultMaxTokens">The command's default of --max-tokens.</param>
internal sealed class GenerationSettingsOptions(int defaultMaxTokens)
{
    private readonly Option<int?> _maxTokens = ValueOptions.Count(
        "--max-tokens", $"Most tokens generated; {defaultMaxTokens} if not given.", 1).Short("-n");

    private readonly Option<double?> _temperature = ValueOptions.Number(
        "--temperature", "0, if not given, takes the most likely token; higher is more random.",
        "T", value => value >= 0, "from 0").Short("-t");

    private readonly Option<int?> _topK = ValueOptions.Count(
        "--top-k", "Samples from the N most likely tokens; 0, if not given, from all.", 0);

    private readonly Option<double?> _topP = ValueOptions.Number(
        "--top-p", "Samples from the fewest tokens whose probabilities reach this sum; 1 if not given.", "P",
        value => value is > 0 and <= 1, "above 0, at most 1");

    private readonly Option<double?> _minP = ValueOptions.Number(
        "--min-p", "Samples from tokens at least this probable relative to the most probable; 0 if not given.", "P",
        value => value is >= 0 and <= 1, "from 0 to 1");

    private readonly Option<double?> _repeatPenalty = ValueOptions.Number(
        "--repeat-penalty", "Above 1 makes tokens seen before less likely; 1 if not given.", "X", value => value > 0, "above 0");

    private readonly Option<ulong?> _seed = ValueOptions.Seed("--seed", "Seed of sampling; if not given a new one each time.");

    private readonly Option<string[]> _stop = new("--stop")
    {
        Description = "Ends the text before this; may be given several times.",
        HelpName = "TEXT",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        Validators =
        {
            result =>
            {
                if (result.Tokens.Any(token => token.Value.Length == 0))
                {
                    result.AddError("--stop: found '', expected text");
                }
            },
        },
    };

    private readonly Option<bool> _ignoreEos = new("--ignore-eos")
    {
        Description = "Continues where the model would end the text."
    };

    private readonly ConstraintOptions _constraint = new();

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[]
            { _maxTokens, _temperature, _topK, _topP, _minP, _repeatPenalty, _seed, _stop, _ignoreEos })
        {
            command.Options.Add(option);
        }

        _constraint.AddTo(command);
    }

    /// <summary>Whether a seed is given.</summary>
    public bool HasSeed(ParseResult parse) => parse.GetResult(_seed) is not null;

    /// <summary>The options as given. Reports those that have no effect.</summary>
    public GenerationOptions Read(ParseResult parse, Narrator narrator)
    {
        double temperature = parse.GetValue(_temperature) ?? 0;
        string[] idle =
        [
            .. new Option[] { _topK, _topP, _minP, _seed }
                .Where(option => parse.GetResult(option) is not null)
                .Select(option => option.Name)
        ];
        if (temperature == 0 && idle.Length > 0)
        {
            narrator.Say(
                $"no effect of {string.Join(" and ", idle)} without --temperature: the most likely token is always taken");
        }

        return new GenerationOptions
        {
            MaxTokens = parse.GetValue(_maxTokens) ?? defaultMaxTokens,
            Sampling = new SamplingOptions
            {
                Temperature = temperature,
                TopK = parse.GetValue(_topK) ?? 0,
                TopP = parse.GetValue(_topP) ?? 1,
                MinP = parse.GetValue(_minP) ?? 0,
                RepeatPenalty = parse.GetValue(_repeatPenalty) ?? 1,
                Seed = parse.GetValue(_seed) ?? (ulong)Random.Shared.NextInt64(),
            },
            Stop = parse.GetValue(_stop) ?? [],
            IgnoreEos = parse.GetValue(_ignoreEos),
            Constraint = _constraint.Read(parse),
        };
    }
}
