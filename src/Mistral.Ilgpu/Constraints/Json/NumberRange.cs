using System.Collections.Immutable;
using System.Numerics;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Which numbers a value may be.</summary>
internal sealed record NumberRange
{
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

    /// <summary>Whether only whole numbers are in.</summary>
    public bool IsInteger { get; init; }

    /// <summary>Whether only numbers that are not whole are in.</summary>
    public bool IsFraction { get; init; }

    /// <summary>The only numbers, as written; null for no list.</summary>
    public ImmutableSortedSet<string>? Only { get; init; }

    /// <summary>Numbers that are out.</summary>
    public ImmutableHashSet<ExactNumber> Except { get; init; } = [];

    /// <summary>Whether every number, or every whole number, is in.</summary>
    public bool IsPlain => Min is null && Max is null && Step is null && Only is null && Except.Count == 0 && !IsFraction;

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

    public NumberRange OneOf(IEnumerable<string> numbers) => this with
    {
        Only = Only is null
            ? numbers.ToImmutableSortedSet(StringComparer.Ordinal)
            : [.. Only.Where(number => numbers.Any(other => ExactNumber.Parse(number) == ExactNumber.Parse(other)))],
    };

    public bool Contains(ExactNumber number) =>
        (Min is not { } min || (IsMinExclusive ? number > min : number >= min))
        && (Max is not { } max || (IsMaxExclusive ? number < max : number <= max))
        && (Step is not { } step || number.IsMultipleOf(step))
        && (!IsInteger || number.IsInteger)
        && (!IsFraction || !number.IsInteger)
        && !Except.Any(other => other.CompareTo(number) == 0);

    /// <summary>The same for the numbers' negatives.</summary>
    public NumberRange Negated() => this with
    {
        Min = Max is { } max ? -max : null, IsMinExclusive = IsMaxExclusive,
        Max = Min is { } min ? -min : null, IsMaxExclusive = IsMinExclusive,
    };

    /// <summary>Whether a number from one up to another, which is out, is in. The list of numbers is not asked.</summary>
    public bool HasBetween(ExactNumber from, ExactNumber to)
    {
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

        // What all are multiples of.
        var step = Step ?? (IsInteger ? new ExactNumber(1, 0) : null as ExactNumber?);
        if (IsInteger && Step is { } own)
        {
            step = own.LeastCommonMultiple(new ExactNumber(1, 0));
        }

        int order = from.CompareTo(to);
        if (order > 0 || (order == 0 && (isFromExclusive || isToExclusive)))
        {
            return false;
        }

        if (step is not { } unit)
        {
            // Between two numbers lies one that is not whole.
            return !IsFraction || order < 0;
        }

        int scale = Math.Max(unit.Scale, Math.Max(from.Scale, to.Scale));
        var (first, last, one) = (from.At(scale), to.At(scale), unit.At(scale));
        var multiple = Ceiling(first, one);
        multiple += isFromExclusive && multiple == first ? one : 0;
        return multiple < last || (multiple == last && !isToExclusive);
    }

    private static BigInteger Ceiling(BigInteger value, BigInteger unit)
    {
        var remainder = BigInteger.Remainder(value, unit);
        return remainder.IsZero ? value : value - remainder + (value.Sign > 0 ? unit : 0);
    }
}
