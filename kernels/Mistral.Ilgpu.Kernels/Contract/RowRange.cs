using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>Rows of the pass that a launch works on, by the places in the step state that bound them.</summary>
/// <param name="SourceAt">Where the list of the rows' tokens is found; 0 where row and token are one.</param>
public readonly record struct RowRange(int FirstAt, int EndAt, int SourceAt = 0)
{
    public static RowRange Tokens => new(StepState.Zero, StepState.TokenCountAt);

    public static RowRange Decode => new(StepState.Zero, StepState.DecodeCountAt);

    public static RowRange Prefill => new(StepState.DecodeCountAt, StepState.TokenCountAt);

    public static RowRange Logits => new(StepState.Zero, StepState.LogitCountAt, StepState.LogitRowsAt);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int First(StepState state) => state.View[FirstAt];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int End(StepState state) => state.View[EndAt];

    /// <summary>The token whose row of the pass gives row <paramref name="row"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Token(StepState state, int row) => SourceAt == 0 ? row : state.View[state.View[SourceAt] + row];
}
