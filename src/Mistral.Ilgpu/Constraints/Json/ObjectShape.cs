using System.Text;
using Mistral.Ilgpu.Constraints.Languages;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Which objects a value may be. Properties come in any order, and none that the shape names comes twice.</summary>
internal sealed class ObjectShape
{
    private readonly IReadOnlyList<ObjectLayer> _layers;
    private readonly string[] _patterns;
    private readonly TextAutomaton[] _patternTexts;
    private readonly Language _otherNames;
    private readonly Goal?[] _goals;
    private readonly Dictionary<(NameSet, bool), JsonStringLexeme?> _lexemes = [];
    private readonly Dictionary<(NameSet, bool), NameContent> _contents = [];
    private readonly NameSet _required;
    private readonly Dictionary<int, NameSet> _dependents;
    private readonly Lazy<NameSet> _possible;
    private readonly int _min;
    private readonly int _max;

    public ObjectShape(SchemaCompiler compiler, ValueConditions conditions)
    {
        Compiler = compiler;
        _layers = conditions.Layers;
        (_min, _max) = (conditions.MinProperties, conditions.MaxProperties);
        _patterns = [.. _layers.SelectMany(layer => layer.Patterns).Select(one => one.Pattern).Distinct(StringComparer.Ordinal)];
        _patternTexts = [.. _patterns.Select(pattern => new TextAutomaton(compiler.Factory, compiler.PatternOf(pattern)))];
        var forbidden = conditions.Forbidden;
        Names = new NameTree(
            _layers.SelectMany(layer => layer.Properties.Keys).Concat(conditions.Required).Concat(forbidden)
                .Concat(conditions.Dependents.SelectMany(one => one.Names.Append(one.Name))));
        var nameLanguage = compiler.Factory.And([compiler.Factory.AllText, .. conditions.Names]);
        var nameText = new TextAutomaton(compiler.Factory, nameLanguage);
        _goals = [.. Names.All.Select(name =>
            forbidden.Contains(name) || nameText.Start < 0 || !nameText.Accepts(Encoding.UTF8.GetBytes(name))
                ? null
                : GoalOf(name))];
        _otherNames = OtherNames(nameLanguage);
        // Asked for once a text comes here, when no schema is still being read.
        _possible = new(() => NameSet.Of(Enumerable.Range(0, Names.All.Count).Where(IsPossible)));
        _required = NameSet.Of(conditions.Required.Select(Names.IndexOf));
        _dependents = conditions.Dependents.GroupBy(one => Names.IndexOf(one.Name)).ToDictionary(
            group => group.Key, group => NameSet.Of(group.SelectMany(one => one.Names).Select(Names.IndexOf)));
    }

    public SchemaCompiler Compiler { get; }

    public NameTree Names { get; }

    /// <summary>What values may be.</summary>
    public IEnumerable<Goal> Goals => _goals.OfType<Goal>()
        .Concat(_patterns.Select((_, i) => GoalOf(null, 1L << i))).Append(GoalOf(null, 0));

    /// <summary>Whether the number of properties matters.</summary>
    public bool CountsProperties => _min > 0 || _max != int.MaxValue;

    /// <summary>Whether some object has the shape.</summary>
    public bool IsSatisfiable
    {
        get
        {
            var required = RequiredBy(NameSet.Empty);
            return _min <= _max && required.Count <= _max && Enumerable.Range(0, Names.All.Count).Where(required.Contains).All(IsPossible)
                && (_min <= required.Count || HasOthers
                    || _min <= Enumerable.Range(0, Names.All.Count).Count(name => IsPossible(name)));
        }
    }

    private bool HasOthers => LexemeOf((NameSet.Empty, true)) is not null;

    public bool CanEnd(NameSet seen, int count) => seen.Includes(RequiredBy(seen)) && (!CountsProperties || count >= _min);

    /// <summary>The names that may follow; null if none may.</summary>
    public JsonStringLexeme? NameLexeme(NameSet seen, int count) => LexemeOf(Allowed(seen, count));

    /// <summary>The name that a lexeme has come to.</summary>
    /// <param name="final">The lexeme's state.</param>
    public ObjectName NameOf(NameSet seen, int count, int final)
    {
        var key = Allowed(seen, count);
        var content = _contents[key];
        int state = _lexemes[key]!.ContentOf(final);
        int name = content.NameOf(state);
        return name >= 0 ? new ObjectName(name, _goals[name]!) : new ObjectName(-1, GoalOf(null, content.PatternsOf(state)));
    }

    private JsonStringLexeme? LexemeOf((NameSet Allowed, bool HasOthers) key)
    {
        if (!_lexemes.TryGetValue(key, out var lexeme))
        {
            var content = new NameContent(
                Names, key.Allowed, key.HasOthers ? new TextAutomaton(Compiler.Factory, _otherNames) : null, _patternTexts);
            _contents[key] = content;
            _lexemes[key] = lexeme = content.Start >= 0 ? new JsonStringLexeme(content) : null;
        }

        return lexeme;
    }

    private (NameSet Allowed, bool HasOthers) Allowed(NameSet seen, int count)
    {
        if (count >= _max)
        {
            return (NameSet.Empty, false);
        }

        var missing = RequiredBy(seen).Without(seen);
        return _max != int.MaxValue && count + missing.Count >= _max
            ? (missing, false)
            : (_possible.Value.Without(seen), true);
    }

    // The names that an object with these must have.
    private NameSet RequiredBy(NameSet seen)
    {
        var required = _required;
        if (_dependents.Count > 0)
        {
            NameSet before;
            do
            {
                before = required;
                foreach (var (name, names) in _dependents)
                {
                    required = seen.Contains(name) || required.Contains(name) ? required.Union(names) : required;
                }
            }
            while (!before.Equals(required));
        }

        return required;
    }

    private bool IsPossible(int name) => _goals[name] is { } goal && Compiler.IsSatisfiable(goal)
        && (!_dependents.TryGetValue(name, out var names)
            || Enumerable.Range(0, Names.All.Count).Where(names.Contains).All(
                other => other == name || (_goals[other] is { } needed && Compiler.IsSatisfiable(needed))));

    private Goal GoalOf(string name)
    {
        byte[] text = Encoding.UTF8.GetBytes(name);
        long patterns = 0;
        for (int i = 0; i < _patterns.Length; i++)
        {
            patterns |= _patternTexts[i].Start >= 0 && _patternTexts[i].Accepts(text) ? 1L << i : 0;
        }

        return GoalOf(name, patterns);
    }

    /// <param name="name">Null for a name that the shape does not name.</param>
    /// <param name="patterns">The patterns that are found in it, a bit for each.</param>
    private Goal GoalOf(string? name, long patterns)
    {
        List<SchemaLiteral> schemas = [];
        foreach (var layer in _layers)
        {
            var value = default(SchemaLiteral);
            bool isNamed = name is not null && layer.Properties.TryGetValue(name, out value);
            if (isNamed)
            {
                schemas.Add(value);
            }

            foreach (var (pattern, schema) in layer.Patterns)
            {
                if ((patterns >> Array.IndexOf(_patterns, pattern) & 1) != 0)
                {
                    schemas.Add(schema);
                    isNamed = true;
                }
            }

            if (!isNamed && layer.Additional is { } additional)
            {
                schemas.Add(additional);
            }
        }

        return Compiler.GoalOf(schemas);
    }

    // Names that the shape does not name and whose values can be something.
    private Language OtherNames(Language names)
    {
        var factory = Compiler.Factory;
        ConstraintLimits.Require(_patterns.Length <= 64, "patternProperties", $"{_patterns.Length} patterns for one object");
        var possible = names;
        foreach (var layer in _layers)
        {
            foreach (var (pattern, value) in layer.Patterns)
            {
                possible = IsPossible(value) ? possible : factory.And(possible, factory.Not(Compiler.PatternOf(pattern)));
            }

            if (layer.Additional is { } additional && !IsPossible(additional))
            {
                possible = factory.And(possible, factory.Or([.. layer.Patterns.Select(one => Compiler.PatternOf(one.Pattern))]));
            }
        }

        bool IsPossible(SchemaLiteral value) => Compiler.IsSatisfiable(Compiler.GoalOf([value]));

        // The tree tells names of the shape apart from all others. From some others it cannot, because those end.
        return possible == factory.AllText || Names.All.Count == 0
            ? possible
            : factory.And(possible, factory.Not(factory.Concat(factory.OfTexts(Names.All), factory.Ended)));
    }
}
