using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral kernels</c> without <c>--emit</c>: lists forms, what they need, and the resources that they use.</summary>
internal static class KernelListing
{
    /// <param name="isCompiled">Whether to compile them for their resources, where the machine has the tools.</param>
    public static void Write(
        IReadOnlyList<KernelForm> forms, IMachine machine, bool isCompiled, Narrator narrator, bool isJson)
    {
        var listed = forms.Select(form => (form, isCompiled ? Compile(form, machine) : null)).ToList();
        if (isJson)
        {
            WriteJson(listed, machine, narrator);
        }
        else
        {
            WriteTable(listed, machine, narrator);
        }
    }

    // Null if the form is not for the machine, or the compiler is absent or too old.
    private static CompiledForm? Compile(KernelForm form, IMachine machine)
    {
        try
        {
            return machine.WhyNot(form) is null ? machine.Compile(form) : null;
        }
        catch (MissingToolException)
        {
            return null;
        }
    }

    private static void WriteJson(List<(KernelForm Form, CompiledForm? Compiled)> forms, IMachine machine, Narrator narrator) =>
        Json.WriteLine(narrator.Terminal.Out, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("kernels");
            foreach (var (form, compiled) in forms)
            {
                json.WriteStartObject();
                json.WriteString("kernel", form.Name);
                json.WriteBoolean("needs_groups", form.NeedsGroups);
                json.WriteOptional("needs_sm", form.CudaArchitecture);
                json.WriteString("cpu_only", form.CpuOnly);
                json.WriteResources(machine, compiled);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });

    private static void WriteTable(List<(KernelForm Form, CompiledForm? Compiled)> forms, IMachine machine, Narrator narrator)
    {
        string[] columns = forms.Exists(entry => entry.Compiled is not null)
            ? [.. machine.Columns.Select(column => column.Heading)] : [];
        TextTable.Write(narrator.Terminal, ["kernel", "needs", .. columns], forms.Select(entry => (IReadOnlyList<string>)
        [
            entry.Form.Name, Needs(entry.Form),
            .. entry.Compiled?.Values.Select(value => value.Text) ?? columns.Select(_ => ""),
        ]));
    }

    private static string Needs(KernelForm form) => string.Join(
        ", ", new[]
        {
            form.CpuOnly is { } reason ? $"the CPU accelerator: {reason}" : null, form.NeedsLanes ? "a CPU" : null,
            form.IsForAmd ? "AMD's OpenCL" : form.NeedsWaves ? "waves" : form.CudaArchitecture is { } least
                ? form.IsForThatAlone ? $"CUDA sm_{least} alone" : $"CUDA from sm_{least} on" : null,
            form.NeedsGroups ? "groups: shared memory, barriers" : null,
        }.OfType<string>().DefaultIfEmpty("nothing"));
}
