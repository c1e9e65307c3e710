using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>Neighbouring tokens of one sequence whose queries are worked on together.</summary>
/// <param name="FirstToken">The first one's row in the pass.</param>
/// <param name="Position">The first one's position.</param>
/// <param name="Start">Position of the first token of the sequence in this pass: keys from here on are fresh.</param>
/// <param name="FreshTile">The fresh tile that holds the key of <paramref name="Start"/>.</param>
public readonly record struct QueryTile(int FirstToken, int Tokens, int Position, int Sequence, int Start, int FreshTile)
{
    /// <summary>A part of it, of so many tokens; the last may have fewer, and those behind it none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public QueryTile Part(int index, int tokens) => new(
        FirstToken + (index * tokens), IntrinsicMath.Min(tokens, Tokens - (index * tokens)), Position + (index * tokens),
        Sequence, Start, FreshTile);
}
