namespace Mistral.Ilgpu.Constraints.Languages;

/// <summary>An automaton over the bytes of a text in UTF-8. From each state, some text completes it.</summary>
internal interface IContent
{
    int Start { get; }

    /// <summary>The state behind a byte; −1 if no text has it there.</summary>
    int Next(int state, byte value);

    /// <summary>Whether the text may end.</summary>
    bool IsAccepting(int state);

    /// <summary>Whether every text may follow, which is between characters only.</summary>
    bool IsUniversal(int state);
}
