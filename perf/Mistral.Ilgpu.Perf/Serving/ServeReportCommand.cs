using System.CommandLine;
using Mistral.Ilgpu.Cli.Options;

namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>The command line of <c>perf/serve</c>.</summary>
internal static class ServeReportCommand
{
    public static RootCommand Create()
    {
        var device = new Option<string>("--device") { Description = "As mistral takes it.", DefaultValueFactory = _ => "auto" };
        var models = new Option<string[]>("--model")
        {
            Description = "As mistral takes it; repeat it for several.",
            DefaultValueFactory = _ => ["tiny", "random:250m:q8_0"],
        };
        var url = ValueOptions.Parsed<Uri>(
            "--url", "A server that runs already; one is started if not given.", "URL", "a URL such as http://127.0.0.1:8080",
            text => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : null);
        var count = new Option<int>("--requests") { Description = "Texts of a run.", DefaultValueFactory = _ => 48 };
        var chaos = new Option<double>("--chaos") { Description = "Seconds of clients that misbehave; none if not given." };
        var output = new Option<string>("--output")
        {
            Description = "The folder for results.", DefaultValueFactory = _ => "perf/results",
        };
        var command = new RootCommand("Measures a server under load beside the engine alone, and writes DATE-serve.md.")
        {
            device, models, url, count, chaos, output,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(url) is not null && result.GetValue(models) is { Length: not 1 and var given })
            {
                result.AddError($"--url: found {given} models, expected one --model, the one that the server has");
            }
        });
        command.SetAction(async (parse, _) =>
        {
            using var report = new ServeReport(
                parse.GetValue(device)!, parse.GetValue(url), parse.GetValue(count), parse.GetValue(chaos),
                string.Join(' ', parse.Tokens));
            return await report.WriteAsync(parse.GetValue(models)!, parse.GetValue(output)!).ConfigureAwait(false) ? 0 : 1;
        });
        return command;
    }
}
