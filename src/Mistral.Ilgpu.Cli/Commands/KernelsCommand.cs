using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Inspection;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral kernels</c>: every kernel in every form, and the code that is generated for one.</summary>
internal static partial class KernelsCommand
{
    private const int DefaultArchitecture = 80;

    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string?>("NAME") { Arity = ArgumentArity.ZeroOrOne, Description = "A form, or what its name begins with." };
        var emit = ValueOptions.Parsed(
            "--emit", "Prints the code that is generated for the form.", "ptx|opencl", "ptx or opencl", text => text is "ptx" or "opencl" ? text : null);
        var architecture = ValueOptions.Parsed<int?>(
            "--arch", "The architecture that PTX is for; sm_80 if not given.", "sm_N", "an architecture such as sm_80",
            text => ArchitectureName().Match(text) is { Success: true } match ? int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture) : null);
        var output = new OutputOptions();
        var command = new Command("kernels", "Lists the kernels and their forms, and prints the code that is generated for one.") { name, emit, architecture };
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var forms = Find(parse.GetValue(name));
            bool isJson = output.IsJson(parse);
            if (parse.GetValue(emit) is { } language)
            {
                Emit(One(forms), language, parse.GetValue(architecture) ?? DefaultArchitecture, output.Narrator(parse, terminal), isJson);
            }
            else if (isJson)
            {
                Json.WriteLine(terminal.Out, json =>
                {
                    json.WriteStartObject();
                    json.WriteStrings("kernels", forms.Select(form => form.Name));
                    json.WriteEndObject();
                });
            }
            else
            {
                forms.ForEach(form => terminal.Out.Write(form.Name + "\n"));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static List<KernelForm> Find(string? name)
    {
        var forms = KernelCatalog.All.Where(form => name is null || form.Name == name).ToList();
        forms = forms.Count > 0 ? forms : [.. KernelCatalog.All.Where(form => form.Name.StartsWith(name!, StringComparison.OrdinalIgnoreCase))];
        return forms.Count > 0 ? forms : throw new UsageException($"NAME: found '{name}', expected a kernel; mistral kernels lists them");
    }

    private static KernelForm One(List<KernelForm> forms) => forms is [var form]
        ? form
        : throw new UsageException($"--emit: found {forms.Count} forms, among them '{forms[0].Name}', expected the name of one");

    private static void Emit(KernelForm form, string language, int architecture, Narrator narrator, bool isJson)
    {
        bool isPtx = language == "ptx";
        string code = isPtx ? KernelCode.Ptx(form, architecture) : KernelCode.OpenCl(form);
        var resources = isPtx && Ptxas.Find() is { } ptxas ? Ptxas.Assemble(ptxas, code, architecture) : null;
        if (isJson)
        {
            Json.WriteLine(narrator.Terminal.Out, json =>
            {
                json.WriteStartObject();
                json.WriteString("kernel", form.Name);
                json.WriteString("arch", isPtx ? $"sm_{architecture}" : null);
                json.WriteOptional("registers", resources?.Registers);
                json.WriteOptional("shared_bytes", resources?.SharedBytes);
                json.WriteOptional("spill_bytes", resources?.SpillBytes);
                json.WriteString("code", code);
                json.WriteEndObject();
            });
            return;
        }

        narrator.Terminal.Out.Write(code);
        if (resources is not null)
        {
            narrator.Say($"sm_{architecture}: {resources.Registers} registers, {resources.SharedBytes:N0} bytes of shared memory, {resources.SpillBytes:N0} bytes of spills");
        }
        else if (isPtx)
        {
            narrator.Say($"no ptxas on PATH, so registers and spills are not known");
        }
    }

    [GeneratedRegex(@"^sm_(?<number>[5-9][0-9])\z")]
    private static partial Regex ArchitectureName();
}
