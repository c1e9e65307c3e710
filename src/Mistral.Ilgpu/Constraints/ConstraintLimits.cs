namespace Mistral.Ilgpu.Constraints;

/// <summary>How large a constraint may become, because schemas and patterns come from strangers.</summary>
internal static class ConstraintLimits
{
    /// <summary>Characters of a pattern.</summary>
    public const int Pattern = 4_096;

    /// <summary>Bytes of a name that a schema gives to a property.</summary>
    public const int Name = 1_000;

    /// <summary>Parts of one union or intersection.</summary>
    public const int Parts = 1_000;

    /// <summary>States of one automaton.</summary>
    public const int States = 50_000;

    /// <summary>Expressions of languages that are made for one constraint.</summary>
    public const int Languages = 200_000;

    /// <summary>Alternatives of one value, and products of them while they are formed.</summary>
    public const int Alternatives = 4_000;

    /// <summary>How deep schemas, patterns and grammars may nest.</summary>
    public const int Depth = 200;

    /// <exception cref="ConstraintSyntaxException">The condition does not hold.</exception>
    public static void Require(bool condition, string subject, string found)
    {
        if (!condition)
        {
            throw new ConstraintSyntaxException($"{subject}: found {found}, expected one that is simpler");
        }
    }
}
