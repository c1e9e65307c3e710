using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Perf.Kernels;

/// <summary>What a kernel moves or computes per second, by its step's own figures.</summary>
internal sealed class RateColumn(string name, Func<StepCost, long> amount) : IColumn
{
    /// <summary>Filled as benchmarks are set up, by their parameters.</summary>
    public static Dictionary<string, StepCost> Costs { get; } = [];

    public string Id => name;

    public string ColumnName => name;

    public string Legend => $"{name} by the step's own figures";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        double? nanoseconds = summary[benchmarkCase]?.ResultStatistics?.Median;
        return nanoseconds is { } time && Costs.TryGetValue(
            Key(benchmarkCase.Descriptor.Type, benchmarkCase.Parameters.Items.Select(item => item.Value)), out var cost)
            ? (amount(cost) / time).ToString("0.00", CultureInfo.InvariantCulture)
            : "-";
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public bool IsAvailable(Summary summary) => true;

    /// <param name="parameters">In the order of the benchmark's properties.</param>
    public static string Key(Type benchmark, IEnumerable<object?> parameters) =>
        $"{benchmark.Name}: {string.Join(' ', parameters.Select(value => Convert.ToString(value, CultureInfo.InvariantCulture)).Order())}";
}
