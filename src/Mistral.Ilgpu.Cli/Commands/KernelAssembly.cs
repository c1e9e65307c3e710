using System.Text.Json;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral kernels --assemble</c>: assembles every form for an architecture with the ptxas on PATH.</summary>
internal static class KernelAssembly
{
    public static int Run(IReadOnlyList<KernelForm> forms, int architecture, Narrator narrator, bool isJson)
    {
        string ptxas = Ptxas.Find()
            ?? throw new UsageException("--assemble: found no ptxas on PATH, expected NVIDIA's");
        string version = Ptxas.VersionOf(ptxas);
        KernelForm[] taken = [.. forms.Where(form => form.CpuOnly is null && !form.NeedsLanes && form.IsFor(architecture))];
        var failing = new List<Assembled>();
        // Not buffered, so that results are on the screen if the run is interrupted.
        var assembled = taken
            .AsParallel()
            .WithMergeOptions(ParallelMergeOptions.NotBuffered)
            .Select(form => Assemble(ptxas, form, architecture));
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
            Json.WriteLine(narrator.Terminal.Out, json => Write(json, failing, taken.Length, architecture, version));
        }
        else
        {
            narrator.Terminal.Out.WriteLine(
                $"{taken.Length} forms for sm_{architecture}, ptxas {version}: "
                + $"{taken.Length - failing.Count} assemble without spills, {failing.Count} do not");
        }

        return failing.Count == 0 ? ExitCode.Done : ExitCode.Fault;
    }

    private static Assembled Assemble(string ptxas, KernelForm form, int architecture)
    {
        try
        {
            var resources = Ptxas.Assemble(ptxas, form, KernelCode.PtxOf(form, architecture), architecture);
            string[] spills = resources.SpillBytes == 0 ? [] : [$"{resources.SpillBytes} bytes of spills"];
            string[] faults = [.. spills, .. resources.Losses];
            return new Assembled(form.Name, faults.Length == 0 ? null : string.Join("; ", faults));
        }
        catch (Exception exception) when (exception is OlderPtxasException or InvalidDataException)
        {
            return new Assembled(form.Name, exception.Message.ReplaceLineEndings(" ").Trim());
        }
    }

    private static void Write(Utf8JsonWriter json, List<Assembled> failing, int forms, int architecture, string version)
    {
        json.WriteStartObject();
        json.WriteString("arch", $"sm_{architecture}");
        json.WriteString("ptxas", version);
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
