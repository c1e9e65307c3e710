namespace Mistral.Ilgpu.Diagnostics.Profiling;

internal static class Times
{
    public static TimeSpan Sum<T>(this IEnumerable<T> values, Func<T, TimeSpan> time) =>
        values.Aggregate(TimeSpan.Zero, (all, value) => all + time(value));
}
