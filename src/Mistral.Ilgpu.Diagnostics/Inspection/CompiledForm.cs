namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>A form as the machine code of an architecture.</summary>
/// <param name="Values">The resources of <see cref="IMachine.Columns"/>: a number where it is known, and a table's text.</param>
/// <param name="Summary">The resources in words.</param>
/// <param name="Faults">What costs time that it should not, such as spills.</param>
/// <param name="Code">The machine code, if it was asked for.</param>
internal sealed record CompiledForm(
    IReadOnlyList<(int? Number, string Text)> Values, string Summary, IReadOnlyList<string> Faults, string? Code);
