using System.Globalization;
using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Diagnostics.Profiling;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>A profile as a table: the steps of each phase, and the wall clock between and around them.</summary>
internal static class ProfileTable
{
    public static IReadOnlyList<string> Headings { get; } =
        [
            "phase", "step", "calls", "median", "p95", "total", "share",
            "MB", "Mop", "GB/s", "GFLOP/s", "of the copy", "of the product"
        ];

    public static IEnumerable<IReadOnlyList<string>> Rows(ModelProfile profile, ModelLimits limits, bool byLayer)
    {
        foreach (var phase in profile.Phases)
        {
            foreach (var step in phase.Steps(byLayer))
            {
                var limit = limits.Devices[step.Device];
                string name = limits.Devices.Count == 1 ? step.Name : $"{step.Name} on {step.Device}";
                yield return
                [
                    phase.Name, name, Text($"{step.Calls}"), Microseconds(step.Median),
                    Microseconds(step.P95), Milliseconds(step.Time), Text($"{step.Share:0.0 %}"),
                    Text($"{step.Cost.Bytes / 1e6:0.00}"), Text($"{step.Cost.Operations / 1e6:0.0}"),
                    Text($"{step.BytesPerSecond / 1e9:0.00}"), Text($"{step.OperationsPerSecond / 1e9:0.00}"),
                    Text($"{step.BytesPerSecond / limit.BytesPerSecond:0 %}"),
                    Text($"{step.OperationsPerSecond / limit.OperationsPerSecond:0 %}"),
                ];
            }

            yield return Rest("gaps between steps", phase.GapTime);
            yield return Rest("host", phase.HostTime);
            yield return Rest("wall clock", phase.WallTime);

            IReadOnlyList<string> Rest(string name, TimeSpan time) =>
                [
                    phase.Name, name, "", "", "", Milliseconds(time),
                    Text($"{time / phase.WallTime:0.0 %}"), "", "", "", "", "", ""
                ];
        }
    }

    /// <summary>The part of the wall clock that the steps explain, and the cost of measuring.</summary>
    public static string Summary(ModelProfile profile)
    {
        var all = profile.Whole;
        return Text(
            $"kernels {Milliseconds(all.KernelTime)} + gaps {Milliseconds(all.GapTime)} + host {
                Milliseconds(all.HostTime)} = {all.Explained:0.0 %} of the wall clock, {
                Milliseconds(all.WallTime)}; without the marks {Milliseconds(profile.UnprofiledTime)}");
    }

    private static string Microseconds(TimeSpan time) => Text($"{time.TotalMicroseconds:0.0} µs");

    private static string Milliseconds(TimeSpan time) => Text($"{time.TotalMilliseconds:0.0} ms");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
