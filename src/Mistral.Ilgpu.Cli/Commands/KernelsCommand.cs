using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral kernels</c>: lists every kernel in every form, or shows the generated code of one.</summary>
internal static partial class KernelsCommand
{
    private const int DefaultArchitecture = 80;

    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string?>("NAME")
            { Arity = ArgumentArity.ZeroOrOne, Description = "A form, or the start of its name." };
        var emit = ValueOptions.Choice(
            "--emit",
            "Prints the code of the form: PTX, NVIDIA's machine code (sass), OpenCL C, or the IL that the CPU accelerator runs.",
            "ptx", "sass", "opencl", "il");
        var architecture = ValueOptions.Parsed<int?>(
            "--arch", "The architecture that PTX is for; sm_80 if not given.", "sm_N", "an architecture such as sm_80",
            text => ArchitectureName().Match(text) is { Success: true } match
                ? int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture) : null);
        var assemble = new Option<bool>("--assemble")
        {
            Description = "Has ptxas assemble every form that --arch can run, and lists those that fail or spill.",
        };
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "kernels", "Lists the kernels and their forms, and prints the code that is generated for one.",
            "mistral kernels", "mistral kernels MatVecGroup --arch sm_90", "mistral kernels SwiGlu --emit sass --arch sm_90",
            "mistral kernels --assemble --arch sm_90") { name, emit, architecture, assemble };
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var forms = Find(parse.GetValue(name));
            bool isJson = output.IsJson(parse);
            if (parse.GetValue(assemble))
            {
                return parse.GetValue(emit) is null
                    ? KernelAssembly.Run(
                        forms, parse.GetValue(architecture) ?? DefaultArchitecture, output.Narrator(parse, terminal), isJson)
                    : throw new UsageException("--assemble with --emit, expected one of them");
            }

            if (parse.GetValue(emit) is { } language)
            {
                Emit(
                    One(forms), language, parse.GetValue(architecture) ?? DefaultArchitecture,
                    output.Narrator(parse, terminal), isJson);
            }
            else
            {
                // Resources need compiling, which would take long for all forms.
                var listed = parse.GetValue(name) is null ? [.. forms.Select(form => (form, (PtxResources?)null))]
                    : Compile(forms, parse.GetValue(architecture) ?? DefaultArchitecture);
                List(listed, parse.GetValue(architecture) ?? DefaultArchitecture, output.Narrator(parse, terminal), isJson);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static List<KernelForm> Find(string? name)
    {
        var forms = KernelCatalog.All.Where(form => name is null || form.Name == name).ToList();
        forms = forms.Count > 0 ? forms
            : [.. KernelCatalog.All.Where(form => form.Name.StartsWith(name!, StringComparison.OrdinalIgnoreCase))];
        return forms.Count > 0 ? forms : throw new UsageException(
            $"NAME: found '{name}', expected a kernel; "
            + $"mistral kernels lists them{Suggestion.For(name!, KernelCatalog.All.Select(form => form.Name.Split('<')[0]))}");
    }

    private static KernelForm One(List<KernelForm> forms) => forms is [var form] ? form
        : throw new UsageException($"--emit: found {forms.Count} forms, among them '{forms[0].Name}', expected the name of one");

    private static List<(KernelForm Form, PtxResources? Resources)> Compile(List<KernelForm> forms, int architecture) =>
        Ptxas.Find() is { } ptxas
        ? [.. forms.Select(form => (
            form, form.CpuOnly is not null || form.NeedsLanes || !form.IsFor(architecture) ? null
                : Resources(ptxas, form, KernelCode.PtxOf(form, architecture), architecture)))]
        : [.. forms.Select(form => (form, (PtxResources?)null))];

    // Null if the assembler is too old to report them.
    private static PtxResources? Resources(string ptxas, KernelForm form, string ptx, int architecture)
    {
        try
        {
            return Ptxas.Assemble(ptxas, form, ptx, architecture);
        }
        catch (OlderPtxasException)
        {
            return null;
        }
    }

    private static void List(
        List<(KernelForm Form, PtxResources? Resources)> forms, int architecture, Narrator narrator, bool isJson)
    {
        if (isJson)
        {
            Json.WriteLine(narrator.Terminal.Out, json =>
            {
                json.WriteStartObject();
                json.WriteStartArray("kernels");
                foreach (var (form, resources) in forms)
                {
                    json.WriteStartObject();
                    json.WriteString("kernel", form.Name);
                    json.WriteBoolean("needs_groups", form.NeedsGroups);
                    json.WriteOptional("needs_sm", form.CudaArchitecture);
                    json.WriteString("cpu_only", form.CpuOnly);
                    WriteResources(json, resources);
                    json.WriteOptional("warps_per_multiprocessor", OccupancyOf(form, resources, architecture)?.Warps);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            });
            return;
        }

        string[] headings = forms.Exists(entry => entry.Resources is not null)
            ? ["kernel", "needs", "registers", "shared memory", "spills", "warps at once"] : ["kernel", "needs"];
        TextTable.Write(narrator.Terminal, headings, forms.Select(entry => (IReadOnlyList<string>)
        [
            entry.Form.Name, Needs(entry.Form),
            .. entry.Resources is { } taken ? new[] { Text(taken.Registers), $"{Text(taken.SharedBytes)} B",
                    $"{Text(taken.SpillBytes)} B", Resident(entry.Form, taken, architecture) }
                : headings.Length > 2 ? ["", "", "", ""] : [],
        ]));
    }

    private static Occupancy? OccupancyOf(KernelForm form, PtxResources? resources, int architecture) =>
        form.GroupSize is { } threads && resources is not null ? Occupancy.Of(resources, threads, architecture) : null;

    // The part of a multiprocessor that the form can fill, and the resource that limits it.
    private static string Resident(KernelForm form, PtxResources resources, int architecture) =>
        OccupancyOf(form, resources, architecture) is { } occupancy
            ? $"{occupancy.Warps} of {occupancy.MostWarps}, {occupancy.Limit}" : "";

    private static string Needs(KernelForm form) => string.Join(
        ", ", new[] { form.CpuOnly is { } reason ? $"the CPU accelerator: {reason}" : null, form.NeedsLanes ? "a CPU" : null,
            form.IsForAmd ? "AMD's OpenCL" : null,
            form.CudaArchitecture is { } least
                ? form.IsForThatAlone ? $"CUDA sm_{least} alone" : $"CUDA from sm_{least} on" : null,
            form.NeedsGroups ? "groups: shared memory, barriers" : null }
            .OfType<string>().DefaultIfEmpty("nothing"));

    private static void RequireCode(KernelForm form, string language, int architecture)
    {
        if (form.CpuOnly is { } reason && language != "il")
        {
            throw new UsageException(
                $"--emit {language}: found {form.Name}, which is for ILGPU's CPU accelerator alone ({reason}), expected il");
        }

        if (form.NeedsLanes && language is ("ptx" or "sass"))
        {
            throw new UsageException($"'{form.Name}' uses lanes, for CPUs: found --emit {language}, expected opencl or il");
        }

        if (form.IsForAmd && language is "ptx" or "sass")
        {
            throw new UsageException($"'{form.Name}' is made of AMD's instructions: found --emit {language}, expected opencl or il");
        }

        if (form.CudaArchitecture is { } least && ((language == "opencl" && !form.IsForOpenCl) || (language is not ("il" or "opencl") && !form.IsFor(architecture))))
        {
            throw new UsageException(
                $"'{form.Name}' contains inline PTX for sm_{least}{(form.IsForThatAlone ? " alone" : " and newer")}: "
                + $"found --emit {language}{(language == "opencl" ? "" : $" --arch sm_{architecture}")}");
        }
    }

    private static void Emit(KernelForm form, string language, int architecture, Narrator narrator, bool isJson)
    {
        RequireCode(form, language, architecture);
        var (code, resources) = language switch
        {
            "il" => (KernelIl.Disassemble(form), null),
            "opencl" => (KernelCode.OpenClOf(form), null),
            "sass" => MachineCode(form, architecture),
            _ => Assembly(form, architecture),
        };
        if (isJson)
        {
            Json.WriteLine(narrator.Terminal.Out, json =>
            {
                json.WriteStartObject();
                json.WriteString("kernel", form.Name);
                json.WriteString("arch", language is "ptx" or "sass" ? $"sm_{architecture}" : null);
                WriteResources(json, resources);
                json.WriteString("code", code);
                json.WriteEndObject();
            });
            return;
        }

        narrator.Terminal.Out.Write(code);
        if (resources is not null)
        {
            narrator.Say($"sm_{architecture}: {resources.Registers} registers, {
                resources.SharedBytes:N0} bytes of shared memory, {resources.SpillBytes:N0} bytes of spills");
        }
        else if (language == "ptx")
        {
            narrator.Say($"no ptxas on PATH, or one too old, so registers and spills are not known");
        }
    }

    private static (string Code, PtxResources? Resources) Assembly(KernelForm form, int architecture)
    {
        string ptx = KernelCode.PtxOf(form, architecture);
        return (ptx, Ptxas.Find() is { } ptxas ? Resources(ptxas, form, ptx, architecture) : null);
    }

    private static (string Code, PtxResources? Resources) MachineCode(KernelForm form, int architecture)
    {
        if (Ptxas.Find() is not { } ptxas || Ptxas.FindDisassembler() is not { } nvdisasm)
        {
            throw new UsageException(
                "--emit sass: found no ptxas or no nvdisasm on PATH, expected both; they come with NVIDIA's CUDA toolkit");
        }

        try
        {
            var (resources, code) = Ptxas.Disassemble(ptxas, nvdisasm, form, architecture);
            return (code, resources);
        }
        catch (OlderPtxasException exception)
        {
            throw new UsageException($"--emit sass: the ptxas on PATH is too old for '{form.Name}': "
                + $"{exception.Message.ReplaceLineEndings(" ").Trim()}");
        }
    }

    private static void WriteResources(Utf8JsonWriter json, PtxResources? resources)
    {
        json.WriteOptional("registers", resources?.Registers);
        json.WriteOptional("shared_bytes", resources?.SharedBytes);
        json.WriteOptional("spill_bytes", resources?.SpillBytes);
    }

    private static string Text(int value) => value.ToString("N0", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^sm_(?<number>[5-9][0-9])\z")]
    private static partial Regex ArchitectureName();
}
