using System.Text;
using System.Text.Json;
using Mistral.Ilgpu.Constraints.Calls;
using Mistral.Ilgpu.Constraints.Grammars;
using Mistral.Ilgpu.Constraints.Json;
using Mistral.Ilgpu.Constraints.Languages;
using Mistral.Ilgpu.Constraints.Machine;
using Mistral.Ilgpu.Constraints.Patterns;

namespace Mistral.Ilgpu.Constraints;

/// <summary>A constraint as it is written.</summary>
internal sealed record ConstraintSource(ConstraintKind Kind, string Text)
{
    public static ConstraintSource Of(CallForm form) => new(ConstraintKind.Calls, JsonSerializer.Serialize(form));

    /// <exception cref="ConstraintSyntaxException">It is wrong, or has something unsupported.</exception>
    public CompiledConstraint Compile() => new(Form());

    /// <returns>The form of a text; null for the empty text alone.</returns>
    /// <exception cref="ConstraintSyntaxException">It is wrong, or has something unsupported.</exception>
    public FormSequence? Form() => Kind switch
    {
        ConstraintKind.JsonSchema => new FormSequence(new ValuePart(new SchemaCompiler(Schema()))),
        ConstraintKind.Regex => OfLanguage("pattern", factory => new PatternLanguage(factory).Whole(Text)),
        ConstraintKind.Grammar => Grammar.Parse(Text).Form,
        ConstraintKind.Calls => new CallSyntax(JsonSerializer.Deserialize<CallForm>(Text)!).Make(),
        _ => OfLanguage("choice", factory => factory.Concat(
            factory.OfTexts(JsonSerializer.Deserialize<string[]>(Text)!), factory.Ended)),
    };

    private JsonElement Schema()
    {
        try
        {
            // Half of a surrogate pair parses but cannot be had as text.
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(Text));
            while (reader.Read())
            {
                _ = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName ? reader.GetString() : null;
            }

            return JsonElement.Parse(Text);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ConstraintSyntaxException($"schema: found no JSON: {exception.Message}");
        }
    }

    private static FormSequence OfLanguage(string subject, Func<LanguageFactory, Language> make)
    {
        var factory = new LanguageFactory();
        var lexeme = new TextLexeme(new TextAutomaton(factory, make(factory)));
        return lexeme.Start >= 0
            ? new FormSequence(new LexemePart(lexeme))
            : throw new ConstraintSyntaxException($"{subject}: found one that no text matches, expected one that some text does");
    }
}
