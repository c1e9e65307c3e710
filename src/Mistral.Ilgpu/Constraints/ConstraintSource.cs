using System.Text.Json;
using Mistral.Ilgpu.Constraints.Grammars;
using Mistral.Ilgpu.Constraints.Json;
using Mistral.Ilgpu.Constraints.Languages;
using Mistral.Ilgpu.Constraints.Machine;
using Mistral.Ilgpu.Constraints.Patterns;

namespace Mistral.Ilgpu.Constraints;

/// <summary>A constraint as it is written.</summary>
internal sealed record ConstraintSource(ConstraintKind Kind, string Text)
{
    /// <exception cref="ConstraintSyntaxException">It is wrong, or has something unsupported.</exception>
    public CompiledConstraint Compile() => Kind switch
    {
        ConstraintKind.JsonSchema => OfSchema(),
        ConstraintKind.Regex => OfLanguage("pattern", factory => new PatternLanguage(factory).Whole(Text)),
        ConstraintKind.Grammar => new CompiledConstraint(Grammar.Parse(Text).Enter),
        _ => OfLanguage("choice", factory => factory.Concat(
            factory.OfTexts(JsonSerializer.Deserialize<string[]>(Text)!), factory.Ended)),
    };

    private CompiledConstraint OfSchema()
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(Text, new JsonDocumentOptions { MaxDepth = ConstraintLimits.Depth });
        }
        catch (JsonException exception)
        {
            throw new ConstraintSyntaxException($"schema: found no JSON: {exception.Message}");
        }

        using (document)
        {
            var compiler = new SchemaCompiler(document.RootElement.Clone());
            return new CompiledConstraint(result => result.Add(new ValueItem(compiler, compiler.Root), null));
        }
    }

    private static CompiledConstraint OfLanguage(string subject, Func<LanguageFactory, Language> make)
    {
        var factory = new LanguageFactory();
        var lexeme = new TextLexeme(new TextAutomaton(factory, make(factory)));
        return lexeme.Start >= 0
            ? new CompiledConstraint(result => LexemeItem.Enter(lexeme, lexeme.Start, null, result))
            : throw new ConstraintSyntaxException($"{subject}: found one that no text matches, expected one that some text does");
    }
}
