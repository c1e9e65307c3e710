using System.Text.Json;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral kernels --emit</c>: prints the code that is generated for a form.</summary>
internal static class KernelEmission
{
    /// <param name="language">A language of <c>--emit</c> that the machine has, or one that needs none.</param>
    public static void Write(KernelForm form, string language, IMachine machine, Narrator narrator, bool isJson)
    {
        OrRefuse(language, () => Require(form, language, machine));
        bool isForMachine = language == "ptx" || language == machine.Language;
        var compiled = isForMachine ? Compile(form, language, machine) : null;
        string code = language switch
        {
            "il" => KernelIl.Disassemble(form),
            "opencl" => OpenCl(form, machine),
            "ptx" => KernelCode.PtxOf(form, ((NvidiaMachine)machine).Number),
            _ => compiled!.Code!,
        };
        if (isJson)
        {
            Json.WriteLine(narrator.Terminal.Out, json =>
            {
                json.WriteStartObject();
                json.WriteString("kernel", form.Name);
                json.WriteString("arch", isForMachine ? machine.Architecture : null);
                json.WriteResources(machine, compiled);
                json.WriteString("code", code);
                json.WriteEndObject();
            });
            return;
        }

        narrator.Terminal.Out.Write(code);
        if (compiled is not null)
        {
            narrator.Say($"{machine.Architecture}: {compiled.Summary}");
        }
        else if (isForMachine)
        {
            narrator.Say($"no ptxas on PATH, or one too old, so registers and spills are not known");
        }
    }

    /// <summary>Writes each of the machine's resources: null where they are not known.</summary>
    public static void WriteResources(this Utf8JsonWriter json, IMachine machine, CompiledForm? compiled)
    {
        for (int i = 0; i < machine.Columns.Count; i++)
        {
            json.WriteOptional(machine.Columns[i].Key, compiled?.Values[i].Number);
        }
    }

    private static string OpenCl(KernelForm form, IMachine machine)
    {
        string code = "";
        OrRefuse("opencl", () => code = machine.OpenCl(form));
        return code;
    }

    private static void OrRefuse(string language, Action action)
    {
        try
        {
            action();
        }
        catch (MissingToolException exception)
        {
            throw new UsageException($"--emit {language}: {exception.Message}");
        }
    }

    // PTX is shown without its resources where there is nothing that assembles it.
    private static CompiledForm? Compile(KernelForm form, string language, IMachine machine)
    {
        try
        {
            return machine.Compile(form, withCode: language == machine.Language);
        }
        catch (MissingToolException) when (language == "ptx")
        {
            return null;
        }
        catch (MissingToolException exception)
        {
            throw new UsageException($"--emit {language}: {exception.Message}");
        }
    }

    private static void Require(KernelForm form, string language, IMachine machine)
    {
        string? problem = language switch
        {
            "il" => null,
            "opencl" when form.IsForOpenCl => null,
            "opencl" when form.CpuOnly is null => $"contains inline PTX for sm_{form.CudaArchitecture}",
            _ => machine.WhyNot(form),
        };
        if (problem is not null)
        {
            throw new UsageException(
                $"'{form.Name}' {problem}: found --emit {language}"
                + $"{(language == "opencl" ? "" : $" --arch {machine.Architecture}")}, expected "
                + (form.NeedsLanes || form.IsForAmd ? "opencl or il"
                    : form.CpuOnly is not null ? "il" : "ptx, sass or il for such a GPU"));
        }
    }
}
