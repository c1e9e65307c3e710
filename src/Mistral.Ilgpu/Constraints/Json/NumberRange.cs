using System.Collections.Immutable;
using System.Numerics;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Which numbers a value may be. Numbers are compared by value, not by how they are written.</summary>
internal sealed record NumberRange
{
    // Of so many consecutive numbers, one is a multiple of none of MostSteps numbers above 1: so many primes that 39 numbers in a
    // row have one of them as a factor are at least nine (Jacobsthal's function of a product of eight primes is 40).
    private const int MostSteps = 8;
    private const int LongestRun = 40;

    public static NumberRange All { get; } = new();

    /// <summary>The least number; null for none.</summary>
    public ExactNumber? Min { get; init; }

    /// <summary>Whether the least number itself is out.</summary>
    public bool IsMinExclusive { get; init; }

    /// <summary>The greatest number; null for none.</summary>
    public ExactNumber? Max { get; init; }

    /// <summary>Whether the greatest number itself is out.</summary>
    public bool IsMaxExclusive { get; init; }

    /// <summary>What all are multiples of; null for nothing.</summary>
    public ExactNumber? Step { get; init; }

    /// <summary>What none is a multiple of.</summary>
    public ImmutableSortedSet<ExactNumber> NotSteps { get; init; } = [];

    /// <summary>Whether only whole numbers are in.</summary>
    public bool IsInteger { get; init; }

    /// <summary>The only numbers; null for no list.</summary>
    public ImmutableSortedSet<ExactNumber>? Only { get; init; }

    /// <summary>Numbers that are out.</summary>
    public ImmutableSortedSet<ExactNumber> Except { get; init; } = [];

    /// <summary>Whether every number, or every whole number, is in.</summary>
    public bool IsPlain =>
        Min is null && Max is null && Step is null && Only is null && Except.Count == 0 && NotSteps.Count == 0;

    public NumberRange AtLeast(ExactNumber min, bool isExclusive) =>
        Min is { } present && (present > min || (present.CompareTo(min) == 0 && !isExclusive))
            ? this
            : this with { Min = min, IsMinExclusive = isExclusive };

    public NumberRange AtMost(ExactNumber max, bool isExclusive) =>
        Max is { } present && (present < max || (present.CompareTo(max) == 0 && !isExclusive))
            ? this
            : this with { Max = max, IsMaxExclusive = isExclusive };

    public NumberRange MultipleOf(ExactNumber step) =>
        this with { Step = Step is { } present ? present.LeastCommonMultiple(step) : step };

    /// <exception cref="ConstraintSyntaxException">There are too many such numbers.</exception>
    public NumberRange NotMultipleOf(ExactNumber step)
    {
        var steps = NotSteps.Add(step);
        ConstraintLimits.Require(steps.Count <= MostSteps, "multipleOf", $"{steps.Count} numbers within 'not'");
        return this with { NotSteps = steps };
    }

    public NumberRange OneOf(IEnumerable<ExactNumber> numbers) =>
        this with { Only = Only is null ? [.. numbers] : Only.Intersect(numbers) };

    public bool Contains(ExactNumber number) =>
        (Min is not { } min || (IsMinExclusive ? number > min : number >= min))
        && (Max is not { } max || (IsMaxExclusive ? number < max : number <= max))
        && (Step is not { } step || number.IsMultipleOf(step))
        && (!IsInteger || number.IsInteger)
        && (Only is not { } only || only.Contains(number))
        && !Except.Contains(number)
        && !NotSteps.Any(number.IsMultipleOf);

    /// <summary>The same for the numbers' negatives.</summary>
    public NumberRange Negated() => this with
    {
        Min = Max is { } max ? -max : null, IsMinExclusive = IsMaxExclusive,
        Max = Min is { } min ? -min : null, IsMaxExclusive = IsMinExclusive,
        Only = Only is null ? null : [.. Only.Select(number => -number)],
        Except = [.. Except.Select(number => -number)],
    };

    /// <summary>Whether a number from one up to another, which is out, is in.</summary>
    /// <param name="scale">The digits that the number may have behind the point.</param>
    public bool HasBetween(ExactNumber from, ExactNumber to, int scale)
    {
        if (Only is not null)
        {
            return HasOnlyBetween(Only, from, to);
        }

        bool isFromExclusive = false;
        bool isToExclusive = true;
        if (Min is { } min && (min > from || (IsMinExclusive && min.CompareTo(from) == 0)))
        {
            (from, isFromExclusive) = (min, IsMinExclusive);
        }

        if (Max is { } max && max < to)
        {
            (to, isToExclusive) = (max, IsMaxExclusive);
        }

        int order = from.CompareTo(to);
        if (order >= 0)
        {
            return order == 0 && !isFromExclusive && !isToExclusive && Contains(from);
        }

        var unit = Step ?? (IsInteger ? ExactNumber.One : new ExactNumber(1, scale));
        unit = IsInteger ? unit.LeastCommonMultiple(ExactNumber.One) : unit;
        scale = Math.Max(unit.Scale, Math.Max(from.Scale, to.Scale));
        var (first, last, one) = (from.At(scale), to.At(scale), unit.At(scale));
        var multiple = Ceiling(first, one);
        multiple += isFromExclusive && multiple == first ? one : 0;
        for (int i = 0; i < LongestRun * (Except.Count + 1) && (isToExclusive ? multiple < last : multiple <= last); i++)
        {
            if (Contains(new ExactNumber(multiple, scale)))
            {
                return true;
            }

            multiple += one;
        }

        return false;
    }

    private bool HasOnlyBetween(ImmutableSortedSet<ExactNumber> only, ExactNumber from, ExactNumber to)
    {
        int first = only.IndexOf(from);
        for (int i = first < 0 ? ~first : first; i < only.Count && only[i] < to; i++)
        {
            if (Contains(only[i]))
            {
                return true;
            }
        }

        return false;
    }

    private static BigInteger Ceiling(BigInteger value, BigInteger unit)
    {
        var remainder = BigInteger.Remainder(value, unit);
        return remainder.IsZero ? value : value - remainder + (value.Sign > 0 ? unit : 0);
    }
}
