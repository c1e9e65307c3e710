using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Planning;

/// <summary>The rows of a pass that an operation works on.</summary>
internal sealed class RowSet
{
    private readonly Func<Pass, int> _count;

    private RowSet(RowRange range, Func<Pass, int> count) => (Range, _count) = (range, count);

    /// <summary>Every token.</summary>
    public static RowSet Tokens { get; } = new(RowRange.Tokens, pass => pass.TokenCount);

    /// <summary>Tokens that continue a text by one.</summary>
    public static RowSet Decode { get; } = new(RowRange.Decode, pass => pass.DecodeCount);

    /// <summary>Tokens of prompts.</summary>
    public static RowSet Prefill { get; } = new(RowRange.Prefill, pass => pass.PrefillCount);

    /// <summary>The tokens that need logits.</summary>
    public static RowSet Logits { get; } = new(RowRange.Logits, pass => pass.LogitCount);

    /// <summary>The same rows as a range in the step state, for kernels.</summary>
    public RowRange Range { get; }

    public int Count(Pass pass) => _count(pass);

    /// <summary>Whether a pass has exactly one of these rows, and that row belongs to a decoded token.</summary>
    public bool IsAlone(Pass pass) => Count(pass) == 1 && (this == Logits ? !pass.IsScoring : pass.DecodeCount == 1);
}
