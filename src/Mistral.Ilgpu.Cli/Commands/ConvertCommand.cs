using System.CommandLine;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Conversion;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral convert IN OUT</c>: converts a model to another format.</summary>
internal static class ConvertCommand
{
    public static Command Create(Terminal terminal)
    {
        var input = new Argument<string>("IN")
        {
            Description = "A file, a folder, OWNER/NAME that was pulled, tiny, or random:NAME[:TYPE]."
        };
        var target = new Argument<string>("OUT")
        {
            Description = "A file that ends in .gguf, or a folder for safetensors in Hugging Face's layout."
        };
        var type = ValueOptions.Format(
            "--type",
            "Type of the matrices; if not given as stored. q4_0 and q4_k keep the output matrix in q6_k.",
            TensorFormatExtensions.Encodable);
        var force = new Option<bool>("--force") { Description = "Replaces an existing GGUF file." };
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "convert", "Writes a model as GGUF or as safetensors, optionally in another type.",
            "mistral convert ~/models/Mistral-7B-v0.3 mistral-7b.q4_k.gguf --type q4_k",
            "mistral convert model.gguf folder --type bf16");
        command.Arguments.Add(input);
        command.Arguments.Add(target);
        command.Options.Add(type);
        command.Options.Add(force);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            string to = parse.GetValue(target)!;
            var format = parse.GetValue(type);
            if (format?.IsQuantized() == true && !ModelConversion.IsGguf(to))
            {
                throw new UsageException(
                    $"--type: found {format.Value.ShortName()}, expected f32, f16, bf16 or fp8 for safetensors; "
                    + "name the output .gguf for GGUF");
            }

            if (format is { } wanted && ModelConversion.IsGguf(to) && !ModelConversion.HoldsInGguf(wanted))
            {
                throw new UsageException(
                    $"--type: found {wanted.ShortName()}, which GGUF does not hold; name a folder for safetensors");
            }

            if (File.Exists(to) && ModelConversion.IsGguf(to) && !parse.GetValue(force))
            {
                throw new UsageException($"OUT: found '{to}' there already; --force replaces it");
            }

            using var interrupts = new Interrupts(terminal);
            using var checkpoint = Checkpoint.Open(parse.GetValue(input)!);
            var narrator = output.Narrator(parse, terminal);
            long bytes = ProgressBar.OverTensors(narrator, $"converting {checkpoint.Name}", checkpoint.TotalBytes, progress =>
                ModelConversion.Convert(checkpoint, to, format, progress, interrupts.Token));
            narrator.Say($"{to}: {ByteSize.Text(bytes)} written");
            return ExitCode.Done;
        });
        return command;
    }
}
