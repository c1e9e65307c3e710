namespace Mistral.Ilgpu.Constraints.Grammars;

/// <summary>Ways to go on. They are filled in once all rules are known, because a rule may refer to itself.</summary>
internal sealed class GrammarAlternatives
{
    public List<GrammarSymbol?> Ways { get; } = [];
}
