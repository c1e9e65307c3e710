using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Constraints;

/// <summary>
/// The form that a generated text must have. Tokens that would leave the form are never chosen, so that a text that ends by
/// itself has it. One object may be used by any number of texts at once, from any thread.
/// </summary>
/// <example>
/// <code>
/// var options = new GenerationOptions { Constraint = Constraint.JsonSchema("""{"type": "object", "required": ["name"]}""") };
/// </code>
/// </example>
public sealed class Constraint
{
    private static readonly ConstraintCache Cache = new(128, static source => new Constraint(source));

    private readonly Lock _lock = new();
    private readonly List<(TextTokenizer Tokenizer, CompiledConstraint Compiled)> _compiled = [];

    // Made to find out whether it can be, and then taken by the first tokenizer.
    private CompiledConstraint? _spare;

    internal Constraint(ConstraintSource source)
    {
        Source = source;
        _spare = source.Compile();
    }

    /// <summary>Any JSON object.</summary>
    public static Constraint JsonObject { get; } = JsonSchema("""{"type": "object"}""");

    /// <summary>A value in JSON that a schema describes (JSON Schema, drafts 4 to 2020-12). Properties come in any
    /// order.</summary>
    /// <param name="schema">The schema, in JSON.</param>
    /// <exception cref="ArgumentException">The schema is wrong, matches nothing, or has a keyword that is not supported, which
    /// the message names.</exception>
    public static Constraint JsonSchema(string schema) => Of(ConstraintKind.JsonSchema, schema, nameof(schema));

    /// <summary>A text that a regular expression of ECMAScript matches from beginning to end.</summary>
    /// <exception cref="ArgumentException">The pattern is wrong, or has something that is not regular, such as a reference to a
    /// group.</exception>
    public static Constraint Regex(string pattern) => Of(ConstraintKind.Regex, pattern, nameof(pattern));

    /// <summary>A text of a grammar in llama.cpp's form, GBNF. It begins with the rule <c>root</c>.</summary>
    /// <exception cref="ArgumentException">The grammar is wrong, or a rule begins with itself.</exception>
    public static Constraint Grammar(string grammar) => Of(ConstraintKind.Grammar, grammar, nameof(grammar));

    /// <summary>One of some texts.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Constraint Choice(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return Of(ConstraintKind.Choice, System.Text.Json.JsonSerializer.Serialize(texts), nameof(texts));
    }

    /// <summary>The constraint as it is written.</summary>
    internal ConstraintSource Source { get; }

    /// <summary>Finds out now what the first token of a text may be, with all that only the first text of a vocabulary
    /// needs.</summary>
    internal void Prepare(TextTokenizer tokenizer) => Begin(tokenizer, dropsFirstSpace: true).Prepare();

    /// <summary>Begins a text.</summary>
    /// <param name="tokenizer">Whose tokens it is made of.</param>
    /// <param name="dropsFirstSpace">Whether the tokenizer may drop a space that the text begins with.</param>
    internal ConstraintMatcher Begin(TextTokenizer tokenizer, bool dropsFirstSpace)
    {
        lock (_lock)
        {
            var compiled = _compiled.Find(one => one.Tokenizer == tokenizer).Compiled;
            if (compiled is null)
            {
                compiled = _spare ?? Source.Compile();
                _spare = null;
                _compiled.Add((tokenizer, compiled));
            }

            return new ConstraintMatcher(compiled, tokenizer, dropsFirstSpace && tokenizer.DropsFirstSpace);
        }
    }

    /// <summary>The constraint of a source, the same object for the same source while it is kept.</summary>
    /// <exception cref="ConstraintSyntaxException">It is wrong, or has something unsupported.</exception>
    internal static Constraint Of(ConstraintSource source) => Cache.Get(source);

    private static Constraint Of(ConstraintKind kind, string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text, name);
        return Cache.Get(new ConstraintSource(kind, text));
    }
}
