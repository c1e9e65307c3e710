using System.Text;
using Mistral.Ilgpu.Constraints;

namespace Mistral.Ilgpu.Tests.Constraints;

/// <summary>Texts read byte by byte.</summary>
internal static class Reading
{
    public static bool Accepts(ConstraintKind kind, string constraint, string text) =>
        Accepts(new ConstraintSource(kind, constraint).Compile(), text);

    public static bool Accepts(CompiledConstraint compiled, string text) =>
        compiled.Step(compiled.Start, Encoding.UTF8.GetBytes(text)) is { IsComplete: true };

    /// <summary>Whether the text may be the beginning of one.</summary>
    public static bool Begins(ConstraintKind kind, string constraint, string text)
    {
        var compiled = new ConstraintSource(kind, constraint).Compile();
        return !compiled.Step(compiled.Start, Encoding.UTF8.GetBytes(text)).IsDead;
    }
}
