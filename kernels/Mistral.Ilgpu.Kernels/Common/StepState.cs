namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// What changes from pass to pass, in one small device buffer of ints, so that no kernel argument ever changes:
/// the counts and positions below, then the token ids of the pass.
/// </summary>
public static class StepState
{
    /// <summary>Tokens in this pass.</summary>
    public const int TokenCount = 0;

    /// <summary>Absolute position of the pass's first token in its sequence.</summary>
    public const int StartPosition = 1;

    /// <summary>Rows for which logits are wanted: the last ones of the pass.</summary>
    public const int LogitCount = 2;

    /// <summary>Row of the pass that gives the first row of logits.</summary>
    public const int FirstLogitRow = 3;

    /// <summary>Always zero: the first row of steps that work on every token.</summary>
    public const int Zero = 4;

    /// <summary>Token ids start here.</summary>
    public const int Ids = 8;
}
