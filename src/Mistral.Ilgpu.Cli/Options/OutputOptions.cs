using System.CommandLine;
using Mistral.Ilgpu.Cli.Output;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>The options for the format of results and the amount of messages.</summary>
/// <param name="formats">Formats besides text and json.</param>
internal sealed class OutputOptions(params string[] formats)
{
    public const string Verbose = "--verbose";
    public const string VerboseShort = "-v";

    private readonly Option<string?> _format = ValueOptions.Choice(
        "--format", "Format of the results; text if not given.", ["text", "json", .. formats]);

    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Writes results and errors only." };

    private readonly Option<bool> _verbose = new(Verbose, VerboseShort)
    {
        Description = "Writes more messages, and the stack trace of an internal error."
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_format);
        command.Options.Add(_quiet);
        command.Options.Add(_verbose);
    }

    public string Format(ParseResult parse) => parse.GetValue(_format) ?? "text";

    public bool IsJson(ParseResult parse) => Format(parse) == "json";

    public bool IsVerbose(ParseResult parse) => parse.GetValue(_verbose);

    public Narrator Narrator(ParseResult parse, Terminal terminal) =>
        new(terminal, parse.GetValue(_quiet), parse.GetValue(_verbose));
}
