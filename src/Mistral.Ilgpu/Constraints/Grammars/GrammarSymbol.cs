using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Grammars;

/// <summary>What a text of a rule has next, and what follows.</summary>
/// <param name="lexeme">A part that refers to no rule that leads back to itself; null for alternatives.</param>
/// <param name="alternatives">Any of these; null for a lexeme. An alternative without symbols is empty.</param>
/// <param name="rest">What follows; null for nothing.</param>
internal sealed class GrammarSymbol(Lexeme? lexeme, GrammarAlternatives? alternatives, GrammarSymbol? rest)
{
    public Lexeme? Lexeme => lexeme;

    public GrammarAlternatives? Alternatives => alternatives;

    public GrammarSymbol? Rest => rest;
}
