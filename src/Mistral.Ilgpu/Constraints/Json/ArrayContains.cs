namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>How many items of an array are what a schema asks.</summary>
/// <param name="Item">What they are.</param>
/// <param name="Min">The fewest of them.</param>
/// <param name="Max">The most of them; <see cref="int.MaxValue"/> for no limit.</param>
/// <param name="From">The first item that counts.</param>
internal sealed record ArrayContains(SchemaLiteral Item, int Min, int Max = int.MaxValue, int From = 0)
{
    /// <summary>The largest count that is told apart from others.</summary>
    public int Last => Max == int.MaxValue ? Min : Max;
}
