using System.Globalization;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Perf.Report;

/// <summary>Whether the instructions of decoded tokens' forms keep up with the memory of an H200, for weights in blocks: by
/// calculation alone.</summary>
internal static class NvidiaSlotsReport
{
    private const int Architecture = 90;

    private static readonly string[] Kernels = ["BlockMatVecNormed<", "BlockMatVecWarp<", "BlockSwiGluNormed<"];

    /// <param name="formats">Formats of weights, such as Q4_K; none for all.</param>
    /// <returns>Whether there are tools and such forms.</returns>
    public static bool Write(string[] formats, TextWriter output, TextWriter errors)
    {
        if (Ptxas.Find() is not { } ptxas || Ptxas.FindDisassembler() is not { } nvdisasm)
        {
            errors.WriteLine("found no ptxas or no nvdisasm on PATH, expected both; they come with NVIDIA's CUDA toolkit");
            return false;
        }

        KernelForm[] forms = [.. KernelCatalog.All
            .Where(form => Kernels.Any(kernel => form.Name.StartsWith(kernel, StringComparison.Ordinal)))
            .Where(form => formats.Length == 0 || formats.Any(format => IsOf(form, format)))
            .OrderBy(form => form.Name, StringComparer.Ordinal)];
        if (forms.Length == 0)
        {
            errors.WriteLine($"FORMAT: found {string.Join(", ", formats)}, expected formats of weights in blocks, such as Q4_K");
            return false;
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            # Issue slots of decoding on an H200, calculated

            Made by `perf/run {string.Join(' ', formats.Prepend("nvidia").Prepend("slots"))}` with ptxas {Ptxas.VersionOf(ptxas)}. **No time here is measured.** Instructions are those
            of the main loop in the machine code of sm_{Architecture}. Bytes are those of the weights that they multiply. The share is the part of all issue slots that
            they take at {NvidiaSlots.GigabytesPerSecond:N0} GB/s and {NvidiaSlots.Gigahertz} GHz, see [`NvidiaSlots`](../../src/Mistral.Ilgpu.Diagnostics/Inspection/NvidiaSlots.cs).

            | form | registers | spills | instructions | bytes | share |
            |---|---|---|---|---|---|
            """));
        foreach (var form in forms)
        {
            var (resources, code) = Ptxas.Disassemble(ptxas, nvdisasm, form, Architecture);
            var slots = NvidiaSlots.Of(form, code);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| `{form.Name}` | {resources.Registers} | {resources.SpillBytes} | {slots.Instructions} | {slots.Bytes:N0} | {slots.Share:P0} |"));
            output.Flush();
        }

        return true;
    }

    private static bool IsOf(KernelForm form, string format) =>
        form.Name.Contains($"<{format}>", StringComparison.OrdinalIgnoreCase)
        || form.Name.Contains($"<{format},", StringComparison.OrdinalIgnoreCase);
}
