using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Cli.Options;
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
            "Prints the code of the form: PTX, NVIDIA's machine code (sass), OpenCL C, AMD's machine code (amdgcn), or the IL "
            + "that the CPU accelerator runs.",
            "ptx", "sass", "opencl", "amdgcn", "il");
        var architecture = ValueOptions.Parsed<IMachine>(
            "--arch", "The architecture that PTX and machine code are for; sm_80 if not given, and gfx1100 for amdgcn.",
            "sm_N|gfxN|NAME",
            $"an architecture such as sm_80, or one of {string.Join<object>(", ", [.. AmdGpu.Known, .. IntelGpu.Known])}",
            text => AmdGpu.Of(text) is { } amd ? new AmdMachine(amd)
                : IntelGpu.Of(text) is { } intel ? new IntelMachine(intel)
                : ArchitectureName().Match(text) is { Success: true } match
                    ? new NvidiaMachine(int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture)) : null,
            ["sm_70", "sm_75", "sm_80", "sm_86", "sm_89", "sm_90", .. AmdGpu.Known.Select(gpu => gpu.Name),
                .. IntelGpu.Known.Select(gpu => gpu.Name)]);
        var assemble = new Option<bool>("--assemble")
        {
            Description = "Has ptxas, clang for AMD or ocloc for Intel compile every form that --arch can run, and lists those "
                + "that fail or spill.",
        };
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "kernels", "Lists the kernels and their forms, and prints the code that is generated for one.",
            "mistral kernels", "mistral kernels MatVecGroup --arch sm_90", "mistral kernels SwiGlu --emit sass --arch sm_90",
            "mistral kernels SwiGlu --emit amdgcn --arch gfx1100", "mistral kernels --assemble --arch sm_90")
        {
            name, emit, architecture, assemble,
        };
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var forms = Find(parse.GetValue(name));
            bool isJson = output.IsJson(parse);
            string? language = parse.GetValue(emit);
            var machine = MachineFor(language, parse.GetValue(architecture));
            if (parse.GetValue(assemble))
            {
                return language is null ? KernelAssembly.Run(forms, machine, output.Narrator(parse, terminal), isJson)
                    : throw new UsageException("--assemble with --emit, expected one of them");
            }

            if (language is not null)
            {
                KernelEmission.Write(One(forms), language, machine, output.Narrator(parse, terminal), isJson);
            }
            else
            {
                // Resources need compiling, which would take long for all forms.
                KernelListing.Write(
                    forms, machine, isCompiled: parse.GetValue(name) is not null, output.Narrator(parse, terminal), isJson);
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

    // The machine that --arch names; without it the one that most of a language is read for.
    private static IMachine MachineFor(string? language, IMachine? machine)
    {
        machine ??= language == "amdgcn" ? new AmdMachine(AmdGpu.Gfx1100) : new NvidiaMachine(DefaultArchitecture);
        return (language, machine) switch
        {
            ("ptx" or "sass", not NvidiaMachine) => throw new UsageException(
                $"--emit {language}: found --arch {machine.Architecture}, expected an architecture such as sm_80"),
            ("amdgcn", not AmdMachine) => throw new UsageException(
                $"--emit amdgcn: found --arch {machine.Architecture}, expected {string.Join(", ", AmdGpu.Known)}"),
            _ => machine,
        };
    }

    [GeneratedRegex(@"^sm_(?<number>[5-9][0-9])\z")]
    private static partial Regex ArchitectureName();
}
