using System.Globalization;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Perf.Report;

/// <summary>Whether the instructions of forms that stream weights keep up with an AMD GPU's memory: by calculation
/// alone.</summary>
internal static class SlotsReport
{
    /// <param name="names">Beginnings of forms' names; none for all that groups or waves compute.</param>
    /// <returns>Whether every form could be counted.</returns>
    public static bool Write(string[] names, TextWriter output, TextWriter errors)
    {
        KernelForm[] forms = [.. KernelCatalog.All.Where(form => IsWanted(form, names))];
        if (forms.Length == 0)
        {
            errors.WriteLine($"NAME: found {string.Join(", ", names)}, expected forms for AMD's GPUs that load weights");
            return false;
        }

        Amdgcn tools;
        try
        {
            tools = Amdgcn.Find();
        }
        catch (MissingToolException exception)
        {
            errors.WriteLine(exception.Message);
            return false;
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            # Issue slots on AMD's GPUs, calculated

            Made by `perf/run {string.Join(' ', names.Prepend("slots"))}` with clang {tools.Version}. **No time here is measured.** A share says how much of the time that
            memory takes for the weights of a loop's round, at its full rate, a SIMD needs to issue the round's instructions. The first is the
            worst case, with a slot for each instruction, and the second counts the vector unit's instructions alone. The formula is in
            [`IssueSlots`](../../src/Mistral.Ilgpu.Diagnostics/Inspection/IssueSlots.cs), and the rates with their sources are in
            [`AmdRates`](../../src/Mistral.Ilgpu.Diagnostics/Inspection/AmdRates.cs).

            | GPU | GB/s | SIMDs | GHz | wave | bytes of a wave's instruction at a share of 100 % |
            |---|---|---|---|---|---|
            {string.Join('\n', AmdRates.Known.Select(gpu => $"| {gpu.Name}, {gpu.Gpu} | {gpu.GigabytesPerSecond:N0} | {gpu.Simds:N0} | {gpu.Gigahertz} | {gpu.Gpu.WaveSize} | {gpu.CyclesOfInstruction / gpu.CyclesOfByte:N2} |"))}

            | form | GPU | VGPRs | waves | instructions | bytes | share | vector unit's | of matrix instructions |
            |---|---|---|---|---|---|---|---|---|
            """));
        using var code = new KernelCode();
        bool isComplete = true;
        var waves = AmdRates.Known.ToDictionary(gpu => gpu, gpu => tools.WavesOf(gpu.Gpu));
        foreach (var form in forms)
        {
            // Forms of matrix cores compile for GPUs that have those.
            foreach (var gpu in AmdRates.Known.Where(gpu => waves[gpu].HasFlag(MatrixCores.NeededBy(form))))
            {
                var slots = IssueSlots.Of(form, code.OpenCl(form, waves[gpu]), gpu, tools);
                isComplete &= slots is not null;
                output.WriteLine($"| `{form.Name}` | {gpu.Gpu} | {(slots is null ? "no loop loads weights | | | | | |" : Cells(slots))} |");
                output.Flush();
            }
        }

        return isComplete;
    }

    private static string Cells(IssueSlots slots) => string.Create(
        CultureInfo.InvariantCulture,
        $"{slots.Resources.Vgprs} | {slots.Resources.Waves} of {slots.Gpu.Gpu.Waves} | {slots.Instructions} | {slots.Bytes:N0} | {Percent(slots.Share)} | {Percent(slots.VectorShare)} | {Percent(slots.MatrixCycles > 0 ? slots.MatrixShare : null)}");

    private static string Percent(double? share) => share?.ToString("P0", CultureInfo.InvariantCulture) ?? "–";

    private static bool IsWanted(KernelForm form, string[] names) =>
        form.IsForOpenCl && !form.NeedsLanes && KernelViews.Of(form).Any(view => view.IsStreamed)
        && (names.Length == 0 ? form.NeedsGroups || form.NeedsWaves : names.Any(name => form.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase)));
}
