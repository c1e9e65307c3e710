using System.CommandLine;
using System.Text.Json;
using Mistral.Ilgpu.Checkpoints.Hub;
using Mistral.Ilgpu.Cli.Hub;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral pull REPO[:REVISION] [FILE]</c>: brings a model from Hugging Face's hub into its cache.</summary>
internal static class PullCommand
{
    private const int MostJobs = 64;

    public static Command Create(Terminal terminal)
    {
        var source = new Argument<string>("REPO")
        {
            Description = "OWNER/NAME on Hugging Face's hub, or OWNER/NAME:REVISION for a branch, tag or commit other than main."
        };
        var file = new Argument<string?>("FILE")
        {
            Description = "A file, a pattern such as '*.json', or the type of a GGUF file such as Q4_K_M; "
                + "if not given all that running the model needs.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var jobs = ValueOptions.Count("--jobs", "Most connections at once; 8 if not given.", 1, MostJobs);
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "pull", "Brings a model from Hugging Face's hub into its cache, where --model OWNER/NAME finds it.",
            "mistral pull mistralai/Mistral-7B-Instruct-v0.3",
            "mistral pull bartowski/Mistral-7B-Instruct-v0.3-GGUF Q4_K_M",
            "HF_TOKEN=hf_... mistral pull mistralai/Ministral-8B-Instruct-2410:main '*.json' --format json");
        command.Arguments.Add(source);
        command.Arguments.Add(file);
        command.Options.Add(jobs);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            string text = parse.GetValue(source)!;
            if (HubRepository.Parse(text) is not var (repository, suffix) || (suffix is not null && !HubFileName.IsSafe(suffix)))
            {
                throw new UsageException($"REPO: found '{text}', expected OWNER/NAME or OWNER/NAME:REVISION");
            }

            var settings = HubSettings.Read(Environment.GetEnvironmentVariable);
            settings = settings with { Jobs = parse.GetValue(jobs) ?? settings.Jobs };
            var narrator = output.Narrator(parse, terminal);
            using var interrupts = new Interrupts(terminal);
            var result = ProgressBar.OverDownload(narrator, $"pulling {repository}", report =>
                new HubPull(settings, report)
                    .RunAsync(repository, suffix ?? HubFolder.MainRevision, parse.GetValue(file), interrupts.Token)
                    .GetAwaiter().GetResult());
            if (output.IsJson(parse))
            {
                Json.WriteLine(terminal.Out, json => Write(json, result));
                return ExitCode.Done;
            }

            foreach (var pulled in result.Files)
            {
                narrator.Detail($"{pulled.Name}: {ByteSize.Text(pulled.Bytes)}, {pulled.Etag}");
            }

            narrator.Say(
                $"{repository} at {result.Commit}: {result.Files.Count} files, {ByteSize.Text(result.TotalBytes)}");
            terminal.Out.Write(result.Path + "\n");
            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(Utf8JsonWriter json, PullResult result)
    {
        json.WriteStartObject();
        json.WriteString("repo", result.Repository.ToString());
        json.WriteString("revision", result.Revision);
        json.WriteString("commit", result.Commit);
        json.WriteString("path", result.Path);
        json.WriteStartArray("files");
        foreach (var file in result.Files)
        {
            json.WriteStartObject();
            json.WriteString("file", file.Name);
            json.WriteNumber("bytes", file.Bytes);
            if (file.Sha256 is { } sha256)
            {
                json.WriteString("sha256", sha256);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
