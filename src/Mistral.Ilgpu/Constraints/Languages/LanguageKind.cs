namespace Mistral.Ilgpu.Constraints.Languages;

/// <summary>How a <see cref="Language"/> is made.</summary>
internal enum LanguageKind
{
    /// <summary>No text at all.</summary>
    Nothing,

    /// <summary>The empty text alone.</summary>
    Empty,

    /// <summary>One byte of a set.</summary>
    Bytes,

    /// <summary>A text of the first part and then one of the second.</summary>
    Concat,

    /// <summary>The texts of any part.</summary>
    Or,

    /// <summary>The texts that all parts have.</summary>
    And,

    /// <summary>All sequences of bytes but those of the part.</summary>
    Not,

    /// <summary>The part, repeated.</summary>
    Loop,
}
