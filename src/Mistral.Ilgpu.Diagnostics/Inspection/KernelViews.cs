using System.Reflection;
using ILGPU;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>
/// The views of a form in the order in which ILGPU passes them: by the fields of its struct, from the first on. An OpenCL
/// kernel has a pointer for each, before all other arguments.
/// </summary>
internal static class KernelViews
{
    public static IReadOnlyList<KernelView> Of(KernelForm form) => [.. In(form.Kernel, [])];

    /// <summary>A bit for each view of weights, or of cached keys and values.</summary>
    public static ulong Streamed(IEnumerable<KernelView> views) =>
        views.Select((view, index) => view.IsStreamed ? 1UL << index : 0).Aggregate(0UL, (set, bit) => set | bit);

    private static IEnumerable<KernelView> In(Type type, string[] path) => type
        .GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        .OrderBy(field => field.MetadataToken)
        .SelectMany(field =>
        {
            // Those of records are named <Weights>k__BackingField.
            string[] fields = [.. path, field.Name.Split('<', '>') is [_, var property, _] ? property : field.Name];
            var of = field.FieldType;
            return of.IsGenericType && of.GetGenericTypeDefinition() == typeof(ArrayView<>)
                ? [new KernelView(fields)]
                : of.IsPrimitive || of.IsEnum ? [] : In(of, fields);
        });
}
