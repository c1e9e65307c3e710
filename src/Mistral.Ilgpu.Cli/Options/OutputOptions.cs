using System.CommandLine;
using Mistral.Ilgpu.Cli.Output;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>How results are written and how much is told beside them.</summary>
internal sealed class OutputOptions
{
    private readonly Option<string?> _format = ValueOptions.Parsed(
        "--format", "How results are written; text if not given.", "text|json", "text or json",
        text => text is "text" or "json" ? text : null);

    private readonly Option<bool> _quiet = new("--quiet") { Description = "Writes results and errors only." };

    private readonly Option<bool> _verbose = new("--verbose") { Description = "Tells more, and of a fault of ours where it happened." };

    public void AddTo(Command command)
    {
        command.Options.Add(_format);
        command.Options.Add(_quiet);
        command.Options.Add(_verbose);
    }

    public bool IsJson(ParseResult parse) => parse.GetValue(_format) == "json";

    public bool IsVerbose(ParseResult parse) => parse.GetValue(_verbose);

    public Narrator Narrator(ParseResult parse, Terminal terminal) =>
        new(terminal, parse.GetValue(_quiet), parse.GetValue(_verbose));
}
