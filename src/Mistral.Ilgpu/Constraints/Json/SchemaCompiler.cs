using System.Runtime.InteropServices;
using System.Text.Json;
using Mistral.Ilgpu.Constraints.Languages;
using Mistral.Ilgpu.Constraints.Patterns;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>
/// Finds the forms of values that a JSON Schema describes (drafts 4 to 2020-12). A value's forms are found when a text comes to
/// it. Keywords that combine schemas become alternatives of conditions that hold together; an opposite is pushed inwards until it
/// is one of a single keyword. What is not supported is refused by name. For one thread.
/// </summary>
internal sealed class SchemaCompiler
{
    private readonly Dictionary<GoalKey, Goal> _goals = [];
    private readonly Dictionary<string, Language> _patterns = new(StringComparer.Ordinal);
    private readonly SchemaConditions _conditions;
    private readonly Lazy<JsonStringLexeme> _anyString;
    private readonly Dictionary<NumberRange, JsonNumberLexeme> _plainNumbers = [];
    private int _depth;

    /// <exception cref="ConstraintSyntaxException">The schema is wrong, has something unsupported, or matches
    /// nothing.</exception>
    public SchemaCompiler(JsonElement schema)
    {
        Document = new SchemaDocument(schema);
        _conditions = new SchemaConditions(this);
        _anyString = new(() => new JsonStringLexeme(new TextAutomaton(Factory, Factory.AllText)));
        Root = GoalOf([new SchemaLiteral(Document.Root, IsPositive: true)]);
        if (!IsSatisfiable(Root))
        {
            throw new ConstraintSyntaxException("schema: found one that no value matches, expected one that some value does");
        }

        RequireSupported();
    }

    public SchemaDocument Document { get; }

    public LanguageFactory Factory { get; } = new();

    /// <summary>What the whole value must be.</summary>
    public Goal Root { get; }

    /// <summary>The whole texts in which a pattern is found.</summary>
    public Language PatternOf(string pattern)
    {
        ref var language = ref CollectionsMarshal.GetValueRefOrAddDefault(_patterns, pattern, out _);
        return language ??= new PatternLanguage(Factory).Search(pattern);
    }

    /// <summary>The goal to match all of some schemas.</summary>
    public Goal GoalOf(IEnumerable<SchemaLiteral> schemas)
    {
        var followed = schemas.Select(one => one with { Schema = Document.Followed(one.Schema) });
        SchemaLiteral[] sorted = [.. followed.Distinct().OrderBy(one => one.Schema.Id).ThenBy(one => one.IsPositive)];
        ref var goal = ref CollectionsMarshal.GetValueRefOrAddDefault(_goals, new GoalKey(sorted), out _);
        return goal ??= new Goal(sorted);
    }

    /// <summary>A goal with one more schema.</summary>
    public Goal With(Goal goal, SchemaLiteral schema) => GoalOf([.. goal.Schemas, schema]);

    /// <summary>Whether some value is what a goal asks for. A schema that leads back to itself is taken to be so.</summary>
    public bool IsSatisfiable(Goal goal) => goal.IsOpen || !FormsOf(goal).IsEmpty;

    /// <summary>Whether some value is under conditions.</summary>
    public bool IsSatisfiable(ValueConditions conditions) => !FormsOf([conditions]).IsEmpty;

    public ValueForms FormsOf(Goal goal)
    {
        if (goal.Forms is not { } forms)
        {
            ConstraintLimits.Require(++_depth < ConstraintLimits.Depth, "schema", $"schemas {_depth} deep");
            goal.IsOpen = true;
            try
            {
                goal.Forms = forms = FormsOf(_conditions.Of(goal.Schemas));
            }
            finally
            {
                goal.IsOpen = false;
                _depth--;
            }
        }

        return forms;
    }

    // Finds all forms now, so that no text comes to a schema that is refused. What schemas of great depth have in common is only
    // found as texts come to it.
    private void RequireSupported()
    {
        const int MostGoals = 2_000;
        var seen = new HashSet<Goal>();
        var open = new Queue<Goal>([Root]);
        while (seen.Count < MostGoals && open.TryDequeue(out var goal))
        {
            if (seen.Add(goal))
            {
                var forms = FormsOf(goal);
                foreach (var next in forms.Objects.SelectMany(shape => shape.Goals)
                    .Concat(forms.Arrays.SelectMany(shape => shape.Goals)))
                {
                    open.Enqueue(next);
                }
            }
        }
    }

    private ValueForms FormsOf(List<ValueConditions> alternatives)
    {
        var words = JsonTypes.None;
        var ranges = new HashSet<NumberRange>();
        List<JsonNumberLexeme> numbers = [];
        List<ValueConditions> strings = [];
        List<ObjectShape> objects = [];
        List<ArrayShape> arrays = [];
        foreach (var one in alternatives)
        {
            words |= one.Types & (JsonTypes.Null | JsonTypes.Boolean);
            if ((one.Types & JsonTypes.Number) != 0 && ranges.Add(one.Numbers) && NumberOf(one.Numbers) is { Start: >= 0 } number)
            {
                numbers.Add(number);
            }

            if ((one.Types & JsonTypes.String) != 0 && one.MinLength <= one.MaxLength)
            {
                strings.Add(one);
            }

            if ((one.Types & JsonTypes.Object) != 0 && new ObjectShape(this, one) is { IsSatisfiable: true } shape)
            {
                objects.Add(shape);
            }

            if ((one.Types & JsonTypes.Array) != 0 && new ArrayShape(this, one) is { IsSatisfiable: true } array)
            {
                arrays.Add(array);
            }
        }

        return new ValueForms(words, StringOf(strings), numbers, objects, arrays);
    }

    private JsonNumberLexeme NumberOf(NumberRange range)
    {
        if (!range.IsPlain)
        {
            return new JsonNumberLexeme(range);
        }

        ref var lexeme = ref CollectionsMarshal.GetValueRefOrAddDefault(_plainNumbers, range, out _);
        return lexeme ??= new JsonNumberLexeme(range);
    }

    private JsonStringLexeme? StringOf(List<ValueConditions> alternatives)
    {
        if (alternatives.Count == 0)
        {
            return null;
        }

        if (alternatives.Any(one => one is { Strings.Count: 0, MinLength: 0, MaxLength: int.MaxValue }))
        {
            return _anyString.Value;
        }

        if (alternatives is [{ Strings.Count: 0 } lengths])
        {
            var anyText = new TextAutomaton(Factory, Factory.AllText);
            return new JsonStringLexeme(new LengthContent(lengths.MinLength, lengths.MaxLength, anyText));
        }

        var text = new TextAutomaton(Factory, Factory.Or([.. alternatives.Select(TextOf)]));
        return text.Start >= 0 ? new JsonStringLexeme(text) : null;
    }

    /// <summary>The texts of strings under some conditions.</summary>
    public Language TextOf(ValueConditions conditions)
    {
        var text = Factory.And([Factory.AllText, .. conditions.Strings]);
        if ((conditions.MinLength, conditions.MaxLength) == (0, int.MaxValue))
        {
            return text;
        }

        int most = conditions.MaxLength == int.MaxValue ? -1 : conditions.MaxLength;
        var lengths = Factory.Loop(Factory.AnyCharacter, conditions.MinLength, most);
        return Factory.And(text, Factory.Concat(lengths, Factory.Ended));
    }

    private readonly struct GoalKey(SchemaLiteral[] schemas) : IEquatable<GoalKey>
    {
        private readonly SchemaLiteral[] _schemas = schemas;

        public bool Equals(GoalKey other) => _schemas.AsSpan().SequenceEqual(other._schemas);

        public override bool Equals(object? obj) => obj is GoalKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            foreach (var schema in _schemas)
            {
                hash.Add(schema.Schema.Id);
                hash.Add(schema.IsPositive);
            }

            return hash.ToHashCode();
        }
    }
}
