using System.Text;
using Mistral.Ilgpu.Constraints.Languages;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Which objects a value may be. Properties come in any order, and none that the shape names comes twice.</summary>
internal sealed partial class ObjectShape
{
    private const int MostPatterns = 64;

    private readonly IReadOnlyList<ObjectLayer> _layers;
    private readonly string[] _patterns;

    // Of the patterns, and of the languages of denials.
    private readonly TextAutomaton[] _patternTexts;
    private readonly Language _otherNames;
    private readonly Goal?[] _goals;
    private readonly Dictionary<(NameSet, ulong), JsonStringLexeme?> _lexemes = [];
    private readonly Dictionary<(NameSet, ulong), NameContent> _contents = [];
    private readonly NameSet _required;
    private readonly Dictionary<int, NameSet> _dependents;
    private readonly ObjectDenials _denials;
    private readonly Lazy<IReadOnlyList<(Language Names, long Patterns)>> _others;
    private readonly Lazy<ObjectCompletion> _completion;
    private readonly int _min;

    public ObjectShape(SchemaCompiler compiler, ValueConditions conditions)
    {
        Compiler = compiler;
        conditions = conditions.Simplified();
        _layers = conditions.Layers;
        (_min, Max) = (conditions.MinProperties, conditions.MaxProperties);
        _patterns = [.. _layers.SelectMany(layer => layer.Patterns).Select(one => one.Pattern).Distinct(StringComparer.Ordinal)];
        var forbidden = conditions.Forbidden;
        Names = new NameTree(
            _layers.SelectMany(layer => layer.Properties.Keys).Concat(conditions.Required).Concat(forbidden)
                .Concat(conditions.Dependents.SelectMany(one => one.Names.Append(one.Name)))
                .Concat(conditions.Denials.SelectMany(
                    denial => denial.Missing.Concat(denial.Witnesses.SelectMany(one => one.NamesOfIt)))));
        _denials = new ObjectDenials([.. conditions.Denials], Names, compiler.Factory);
        _patternTexts = [.. _patterns.Select(compiler.PatternOf).Concat(_denials.Languages)
            .Select(language => new TextAutomaton(compiler.Factory, language))];
        ConstraintLimits.Require(
            _patternTexts.Length < MostPatterns, "patternProperties", $"{_patternTexts.Length} patterns for one object");
        var nameLanguage = compiler.Factory.And([compiler.Factory.AllText, .. conditions.Names]);
        var nameText = new TextAutomaton(compiler.Factory, nameLanguage);
        _goals = [.. Names.All.Select(name =>
            forbidden.Contains(name) || nameText.Start < 0 || !nameText.Accepts(Encoding.UTF8.GetBytes(name))
                ? null
                : GoalOf(name))];
        _otherNames = OtherNames(nameLanguage);
        _required = NameSet.Of(conditions.Required.Select(Names.IndexOf));
        _dependents = conditions.Dependents.GroupBy(one => Names.IndexOf(one.Name)).ToDictionary(
            group => group.Key, group => NameSet.Of(group.SelectMany(one => one.Names).Select(Names.IndexOf)));
        _others = new(ClassesOfOthers);
        _completion = new(() => new ObjectCompletion(this, _denials));
    }

    public SchemaCompiler Compiler { get; }

    public NameTree Names { get; }

    /// <summary>The most properties.</summary>
    public int Max { get; }

    /// <summary>How many patterns there are.</summary>
    public int PatternCount => _patterns.Length;

    /// <summary>Whether some names must come with others.</summary>
    public bool HasDependents => _dependents.Count > 0;

    /// <summary>Classes of names that the shape does not name: within one, all have the same patterns.</summary>
    public IReadOnlyList<(Language Names, long Patterns)> Others => _others.Value;

    /// <summary>What values may be.</summary>
    public IEnumerable<Goal> Goals => _denials.Count > 0
        ? Enumerable.Range(0, _goals.Length).SelectMany(name => _completion.Value.WaysOf(name, 0))
            .Concat(Others.SelectMany(other => _completion.Value.WaysOfOther(other.Patterns, 0))).Select(way => way.Goal)
        : _goals.OfType<Goal>().Concat(_patterns.Select((_, i) => GoalOfOther(1L << i))).Append(GoalOfOther(0));

    /// <summary>Whether the number of properties matters.</summary>
    public bool CountsProperties => _min > 0 || Max != int.MaxValue;

    /// <summary>Whether some object has the shape.</summary>
    public bool IsSatisfiable
    {
        get
        {
            // What a schema that is still being read may become is asked again once texts come here.
            var required = RequiredBy(NameSet.Empty);
            return _min <= Max && Enumerable.Range(0, Names.All.Count).Where(required.Contains).All(IsPossible)
                && new ObjectCompletion(this, _denials).Fits(NameSet.Empty, 0, 0)
                && (_min <= required.Count || HasOthers
                    || _min <= Enumerable.Range(0, Names.All.Count).Count(name => IsPossible(name)));
        }
    }

    private bool HasOthers => LexemeOf((NameSet.Empty, ulong.MaxValue)) is not null;

    public bool HasDependentsOf(int name) => _dependents.ContainsKey(name);

    public bool CanEnd(NameSet seen, int count, int found) => seen.Includes(RequiredBy(seen))
        && (!CountsProperties || count >= _min) && _denials.FirstOpen(seen, found) < 0;

    /// <summary>The names that may follow; null if none may.</summary>
    public JsonStringLexeme? NameLexeme(NameSet seen, int count, int found) =>
        LexemeOf(_completion.Value.Allowed(seen, count, found));

    /// <summary>The ways to go on behind a name.</summary>
    /// <param name="final">The state that the lexeme of names has come to.</param>
    public IEnumerable<ObjectWay> WaysBehind(NameSet seen, int count, int found, int final)
    {
        var completion = _completion.Value;
        var key = completion.Allowed(seen, count, found);
        var content = _contents[key];
        int state = _lexemes[key]!.ContentOf(final);
        int name = content.NameOf(state);
        return name >= 0
            ? completion.WaysOf(name, found).Where(way => completion.Fits(seen.With(name), count + 1, way.Found))
            : completion.WaysOfOther(content.PatternsOf(state), found).Where(way => completion.Fits(seen, count + 1, way.Found));
    }

    /// <summary>What the value of a name of the shape must be, without witnesses; null if it may not be there.</summary>
    public Goal? GoalOf(int name) => _goals[name];

    /// <summary>What the value of another name must be.</summary>
    /// <param name="patterns">The patterns that are found in it, a bit for each.</param>
    public Goal GoalOfOther(long patterns) => GoalOf(null, patterns);

    private JsonStringLexeme? LexemeOf((NameSet Allowed, ulong Others) key)
    {
        if (!_lexemes.TryGetValue(key, out var lexeme))
        {
            var content = new NameContent(
                Names, key.Allowed, TextOf(key.Others), _patternTexts);
            _contents[key] = content;
            _lexemes[key] = lexeme = content.Start >= 0 ? new JsonStringLexeme(content) : null;
        }

        return lexeme;
    }

    /// <summary>The names that an object with some names must have.</summary>
    public NameSet RequiredBy(NameSet seen)
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

    /// <summary>Whether the value of a name of the shape can be something.</summary>
    public bool IsPossible(int name) => _goals[name] is { } goal && Compiler.IsSatisfiable(goal)
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
}
