using Mistral.Ilgpu.Constraints.Tokens;

namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>A deterministic automaton of a part without nesting, such as a number. From each of its states, something completes
/// it. For one thread.</summary>
internal abstract class Lexeme
{
    /// <summary>The state before the first byte.</summary>
    public abstract int Start { get; }

    /// <summary>The state behind a byte; −1 if there is none.</summary>
    public abstract int Next(int state, byte value);

    /// <summary>Whether the part may be complete in a state.</summary>
    public abstract bool IsAccepting(int state);

    /// <summary>Whether more may follow in a state.</summary>
    public abstract bool HasNext(int state);

    /// <summary>The tokens that may follow in a state, sorted once for all places where the part stands; null where they are few,
    /// so that walking through them costs less.</summary>
    public virtual SortedTokens? TokensOf(int state, TokenTrie trie) => null;
}
