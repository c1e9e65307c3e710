using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>
/// What changes from pass to pass, in one small device buffer of ints, so that no kernel argument ever changes. A header of
/// counts, then for each token of the pass <see cref="TokenInts"/> ints, then the lists that the header says where to find.
/// Tokens that continue a text by one (decode) come before those of prompts (prefill).
/// </summary>
public readonly record struct StepState(ArrayView<int> View)
{
    /// <summary>Always zero: where the rows of <see cref="RowRange.Tokens"/> begin.</summary>
    public const int Zero = 0;

    /// <summary>Tokens in this pass.</summary>
    public const int TokenCountAt = 1;

    /// <summary>Those of them that are decoded, the first ones.</summary>
    public const int DecodeCountAt = 2;

    /// <summary>Rows of logits that the pass makes.</summary>
    public const int LogitCountAt = 3;

    /// <summary>Where the list of their tokens starts.</summary>
    public const int LogitRowsAt = 4;

    public const int QueryTileCountAt = 5;

    public const int QueryTilesAt = 6;

    public const int FreshTileCountAt = 7;

    public const int FreshTilesAt = 8;

    /// <summary>Where the choices of tokens start, one for each row of logits.</summary>
    public const int ChoicesAt = 9;

    /// <summary>Ints of the header.</summary>
    public const int Header = 12;

    /// <summary>Ints of a token: id, position, sequence, the fresh tile of its key, −1 of a decoded one, and the bits of its
    /// queries' scale.</summary>
    public const int TokenInts = 5;

    /// <summary>Ints of a <see cref="Contract.QueryTile"/>.</summary>
    public const int QueryTileInts = 6;

    /// <summary>Ints of a <see cref="Contract.FreshTile"/>.</summary>
    public const int FreshTileInts = 4;

    public int TokenCount
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => View[TokenCountAt];
    }

    public int DecodeCount
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => View[DecodeCountAt];
    }

    public int LogitCount
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => View[LogitCountAt];
    }

    public int QueryTileCount
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => View[QueryTileCountAt];
    }

    public int FreshTileCount
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => View[FreshTileCountAt];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Id(int token) => View[Header + (token * TokenInts)];

    /// <summary>Absolute position of a token in its sequence.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Position(int token) => View[Header + (token * TokenInts) + 1];

    /// <summary>A token's sequence, by its row in the page tables.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Sequence(int token) => View[Header + (token * TokenInts) + 2];

    /// <summary>The fresh tile that takes a token's key; −1 where it goes straight to its ring.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FreshTileOf(int token) => View[Header + (token * TokenInts) + 3];

    /// <summary>What a token's queries are multiplied by once they are turned; 1 in models that do not scale them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float QueryScale(int token) => Interop.IntAsFloat((uint)View[Header + (token * TokenInts) + 4]);

    /// <summary>How a token is chosen from a row of logits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TokenChoice Choice(int row) => TokenChoice.Read(View, View[ChoicesAt] + (row * TokenChoice.Ints));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public QueryTile QueryTile(int index)
    {
        int at = View[QueryTilesAt] + (index * QueryTileInts);
        return new QueryTile(View[at], View[at + 1], View[at + 2], View[at + 3], View[at + 4], View[at + 5]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FreshTile FreshTile(int index)
    {
        int at = View[FreshTilesAt] + (index * FreshTileInts);
        return new FreshTile(View[at], View[at + 1], View[at + 2], View[at + 3]);
    }
}
