using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>What a lane keeps of one of its team's queries from keys to keys.</summary>
internal struct PromptRow
{
    /// <summary>Of the lane's four keys, which are <see cref="Team.Lanes"/> positions apart; then their weights.</summary>
    public Floats4 Scores;

    /// <summary>The elements at the lane and from there on by <see cref="Team.Lanes"/>, eight and eight more.</summary>
    public Eight Near, Far;

    /// <summary>The largest score, and the lane's share of the sum of the weights.</summary>
    public float Max, Sum;

    private int _firstPosition;
    private int _lastPosition;
    private float _scale;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PromptRow Begin<TElement>(AttentionInput<TElement> input, AttentionBlock block, int index)
        where TElement : unmanaged
    {
        int query = (PromptRoom.RowsOfTeam * Team.Index) + index;
        int last = (block.Queries.Tokens * input.Group) - 1;
        int position = block.Queries.Position + (IntrinsicMath.Min(query, last) / input.Group);
        return new PromptRow
        {
            Max = AttentionScore.Masked,
            _firstPosition = position - input.Window + 1,
            _lastPosition = position,
            _scale = input.Scale,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats4 MultiplyAdd(float factor, Floats4 x, Floats4 sum) => new()
    {
        A = Fused.MultiplyAdd(factor, x.A, sum.A),
        B = Fused.MultiplyAdd(factor, x.B, sum.B),
        C = Fused.MultiplyAdd(factor, x.C, sum.C),
        D = Fused.MultiplyAdd(factor, x.D, sum.D),
    };

    /// <summary>Makes weights of the scores, and scales the outputs to a new largest score.</summary>
    /// <param name="position">Of the lane's first key.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Weigh(int position)
    {
        float a = Seen(Scores.A, position);
        float b = Seen(Scores.B, position + Team.Lanes);
        float c = Seen(Scores.C, position + (2 * Team.Lanes));
        float d = Seen(Scores.D, position + (3 * Team.Lanes));
        float before = Max;
        Max = IntrinsicMath.Max(
            before, Wave.Max16(IntrinsicMath.Max(IntrinsicMath.Max(a, b), IntrinsicMath.Max(c, d))));
        Scores = new Floats4 { A = Weight(a), B = Weight(b), C = Weight(c), D = Weight(d) };
        float keep = WaveExp.Of(before - Max);
        Sum = Fused.MultiplyAdd(Sum, keep, (Scores.A + Scores.B) + (Scores.C + Scores.D));
        Near *= keep;
        Far *= keep;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly float Seen(float score, int position) =>
        position >= _firstPosition && position <= _lastPosition ? score * _scale : AttentionScore.Masked;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly float Weight(float score)
    {
        float weight = WaveExp.Of(score - Max);
        return score > AttentionScore.Masked ? weight : 0;
    }
}
