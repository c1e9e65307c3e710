namespace Mistral.Ilgpu.Constraints.Grammars;

/// <summary>The rules of a grammar, and what follows from how they refer to each other.</summary>
internal sealed class GrammarRules
{
    public const string Root = "root";

    private readonly Dictionary<string, GrammarNode> _rules;
    private readonly HashSet<string> _recursive;
    private readonly HashSet<string> _nullable = new(StringComparer.Ordinal);
    private readonly HashSet<string> _productive = new(StringComparer.Ordinal);

    /// <exception cref="ConstraintSyntaxException">A rule is missing, begins with itself, or comes to no end.</exception>
    public GrammarRules(Dictionary<string, GrammarNode> rules)
    {
        _rules = rules;
        RequireRules();
        _recursive = [.. rules.Keys.Where(name => Reachable(rules[name]).Contains(name))];
        Fill(_nullable, IsNullable);
        Fill(_productive, IsProductive);
        if (!_productive.Contains(Root))
        {
            throw new ConstraintSyntaxException(
                "grammar: found a rule 'root' that no text completes, expected one that some text does");
        }

        RequireNoLeftRecursion();
        foreach (var rule in rules.Values)
        {
            RequireProgress(rule);
        }
    }

    public GrammarNode this[string name] => _rules[name];

    /// <summary>Whether a part leads to no rule that leads back to itself.</summary>
    public bool IsRegular(GrammarNode node) => !References(node).Any(_recursive.Contains)
        && References(node).All(name => IsRegular(_rules[name]));

    /// <summary>Whether some text is of a part.</summary>
    public bool IsProductive(GrammarNode node) => node switch
    {
        GrammarNode.Characters characters => characters.Ranges.Count > 0,
        GrammarNode.Rule rule => _productive.Contains(rule.Name),
        GrammarNode.Repeat repeat => repeat.Min == 0 || IsProductive(repeat.Part),
        GrammarNode.Sequence sequence => sequence.Parts.All(IsProductive),
        GrammarNode.Alternatives alternatives => alternatives.Parts.Any(IsProductive),
        _ => true,
    };

    private void RequireRules()
    {
        foreach (string name in _rules.Values.SelectMany(References).Append(Root))
        {
            if (!_rules.ContainsKey(name))
            {
                throw new ConstraintSyntaxException($"grammar: found no rule '{name}', expected one");
            }
        }
    }

    private static IEnumerable<string> References(GrammarNode node) => node switch
    {
        GrammarNode.Rule rule => [rule.Name],
        GrammarNode.Repeat repeat => References(repeat.Part),
        GrammarNode.Sequence sequence => sequence.Parts.SelectMany(References),
        GrammarNode.Alternatives alternatives => alternatives.Parts.SelectMany(References),
        _ => [],
    };

    private HashSet<string> Reachable(GrammarNode node) => Closure(References(node), name => References(_rules[name]));

    private static HashSet<string> Closure(IEnumerable<string> start, Func<string, IEnumerable<string>> next)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(start);
        while (open.TryPop(out string? name))
        {
            if (seen.Add(name))
            {
                foreach (string other in next(name))
                {
                    open.Push(other);
                }
            }
        }

        return seen;
    }

    // The least set of rules that have a property, where rules may have it because others do.
    private void Fill(HashSet<string> names, Func<GrammarNode, bool> has)
    {
        while (_rules.Any(rule => !names.Contains(rule.Key) && has(rule.Value) && names.Add(rule.Key)))
        {
        }
    }

    private bool IsNullable(GrammarNode node) => node switch
    {
        GrammarNode.Text text => text.Value.Length == 0,
        GrammarNode.Rule rule => _nullable.Contains(rule.Name),
        GrammarNode.Repeat repeat => repeat.Min == 0 || IsNullable(repeat.Part),
        GrammarNode.Sequence sequence => sequence.Parts.All(IsNullable),
        GrammarNode.Alternatives alternatives => alternatives.Parts.Any(IsNullable),
        _ => false,
    };

    private void RequireNoLeftRecursion()
    {
        foreach (string name in _recursive)
        {
            if (Closure(Beginnings(_rules[name]), other => Beginnings(_rules[other])).Contains(name))
            {
                throw new ConstraintSyntaxException(
                    $"grammar: found rule '{name}', which begins with itself, expected one that does not");
            }
        }
    }

    // What may be empty would come again at the same place, without end.
    private void RequireProgress(GrammarNode node)
    {
        if (node is GrammarNode.Repeat repeat && IsNullable(repeat.Part) && !IsRegular(repeat.Part))
        {
            throw new ConstraintSyntaxException("grammar: found a repetition of what may be empty, expected one of what is not");
        }

        foreach (var part in node switch
        {
            GrammarNode.Repeat one => [one.Part],
            GrammarNode.Sequence sequence => sequence.Parts,
            GrammarNode.Alternatives alternatives => alternatives.Parts,
            _ => Array.Empty<GrammarNode>(),
        })
        {
            RequireProgress(part);
        }
    }

    // The rules that a text of a part may begin with.
    private IEnumerable<string> Beginnings(GrammarNode node)
    {
        switch (node)
        {
            case GrammarNode.Rule rule:
                return [rule.Name];
            case GrammarNode.Alternatives alternatives:
                return alternatives.Parts.SelectMany(Beginnings);
            case GrammarNode.Sequence sequence:
                int first = sequence.Parts.TakeWhile(IsNullable).Count();
                return sequence.Parts.Take(first + 1).SelectMany(Beginnings);
            case GrammarNode.Repeat repeat:
                return Beginnings(repeat.Part);
            default:
                return [];
        }
    }
}
