using System.Text.Json;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral kernels --assemble</c>: compiles every form to the machine code of an architecture.</summary>
internal static class KernelAssembly
{
    public static int Run(IReadOnlyList<KernelForm> forms, IMachine machine, Narrator narrator, bool isJson)
    {
        string tool = ToolOf(machine);
        KernelForm[] taken = [.. forms.Where(form => machine.WhyNot(form) is null)];
        var failing = new List<Assembled>();
        // Not buffered, so that results are on the screen if the run is interrupted.
        var assembled = taken
            .AsParallel()
            .WithMergeOptions(ParallelMergeOptions.NotBuffered)
            .Select(form => Assemble(form, machine));
        foreach (var form in assembled)
        {
            if (form.Fault is null)
            {
                continue;
            }

            failing.Add(form);
            if (!isJson)
            {
                narrator.Terminal.Out.WriteLine($"{form.Kernel}: {form.Fault}");
                narrator.Terminal.Out.Flush();
            }
        }

        if (isJson)
        {
            Json.WriteLine(narrator.Terminal.Out, json => Write(json, failing, taken.Length, machine.Architecture, tool));
        }
        else
        {
            narrator.Terminal.Out.WriteLine(
                $"{taken.Length} forms for {machine.Architecture}, {tool}: "
                + $"{taken.Length - failing.Count} assemble without {machine.Loss}, {failing.Count} do not");
        }

        return failing.Count == 0 ? ExitCode.Done : ExitCode.Fault;
    }

    private static string ToolOf(IMachine machine)
    {
        try
        {
            return machine.Tool;
        }
        catch (MissingToolException exception)
        {
            throw new UsageException($"--assemble: {exception.Message}");
        }
    }

    private static Assembled Assemble(KernelForm form, IMachine machine)
    {
        try
        {
            var faults = machine.Compile(form).Faults;
            return new Assembled(form.Name, faults.Count == 0 ? null : string.Join("; ", faults));
        }
        catch (Exception exception) when (exception is MissingToolException or InvalidDataException)
        {
            return new Assembled(form.Name, exception.Message.ReplaceLineEndings(" ").Trim());
        }
    }

    // The tool's name is the key of its version.
    private static void Write(Utf8JsonWriter json, List<Assembled> failing, int forms, string architecture, string tool)
    {
        string[] words = tool.Split(' ', 2);
        json.WriteStartObject();
        json.WriteString("arch", architecture);
        json.WriteString(words[0], words[^1]);
        json.WriteNumber("forms", forms);
        json.WriteStartArray("failing");
        foreach (var form in failing)
        {
            json.WriteStartObject();
            json.WriteString("kernel", form.Kernel);
            json.WriteString("fault", form.Fault);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <param name="Fault">Null for a form that assembles without spills and without warnings.</param>
    private sealed record Assembled(string Kernel, string? Fault);
}
