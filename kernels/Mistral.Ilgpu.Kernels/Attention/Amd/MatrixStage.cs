using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Attention.Waves;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Amd;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>
/// Brings keys and values of two tiles to shared memory, 32 numbers to an item at a time. Matrix cores add over neighbours of a
/// row, and the cache has them the other way round: keys side by side for each element, and elements for each position. So an
/// item loads eight numbers of each of four neighbours, and writes four neighbours to each of eight rows. Its keys and its values
/// are of the same tile. Keys before the pass are in the ring, its own in the fresh tiles; one tile may lie in both.
/// </summary>
internal readonly struct MatrixStage<TCore, TPieces, TElement, TBits, TRoom>
    where TCore : struct, IRowCore
    where TPieces : struct, IPieceFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
    where TRoom : struct, IHeadRoom
{
    /// <summary>Tiles of keys that are taken together.</summary>
    public const int Tiles = 2;

    /// <summary>Their positions.</summary>
    public const int Positions = Tiles * TileLayout.Length;

    private const int Length = TileLayout.Length;

    private readonly AttentionInput<TElement> _input;
    private readonly AttentionBlock _block;
    private readonly MatrixRows _keys;
    private readonly MatrixRows _values;
    /// <param name="keys">Positions × elements.</param>
    /// <param name="values">Elements × positions.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MatrixStage(AttentionInput<TElement> input, AttentionBlock block, MatrixRows keys, MatrixRows values) =>
        (_input, _block, _keys, _values) = (input, block, keys, values);

    // The item's number. All that follows from it is computed where it is needed, because it would take a dozen registers.
    private static int Item
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Kept.Of(Group.IdxX);
    }

    // Items that bring something: as many as the room has elements.
    private static bool Brings
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TRoom.Elements == MatrixForms.GroupSize || Group.IdxX < TRoom.Elements;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int OwnTile(int item) => item / (TRoom.Elements / Tiles);

    // Eight keys of the tile, and four neighbouring elements.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int KeyHalf(int item) => item & 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int KeyQuad(int item) => (item >> 1) & ((TRoom.Elements / 4) - 1);

    // Four neighbouring positions of the two tiles, and eight elements.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ValueQuad(int item) => item / (TRoom.Elements / 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ValueEight(int item) => item & ((TRoom.Elements / 8) - 1);

    /// <summary>Where the item's tile lies in the ring; any tile if none of its keys is there. Asked for one round before it is
    /// needed, because a load needs what another has brought.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(int firstTile) => _input.Table.Find(_block.Queries.Sequence, Seen(firstTile, Item));

    /// <summary>An item's keys; others of the head's elements in place of those that it has not, where queries are zeros.
    /// </summary>
    /// <param name="found">What <see cref="Find"/> has told.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FourPieces FetchKeys(int firstTile, int found)
    {
        var keys = default(FourPieces);
        if (Brings)
        {
            int item = Item;
            int tile = Seen(firstTile, item);
            int fresh = _block.Queries.Start - (tile * Length) - (8 * KeyHalf(item));
            bool isRing = fresh > 0;
            keys = Keys(item, isRing, isRing ? found : FreshTile(tile));
            if (isRing && fresh < 8)
            {
                keys = keys.Join(Keys(item, false, FreshTile(tile)), fresh);
            }
        }

        return keys;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PutKeys(FourPieces keys)
    {
        if (Brings)
        {
            int item = Item;
            keys.Put<TCore>(_keys, FourPieces.Place<TCore>(_keys, (2 * OwnTile(item)) + KeyHalf(item), KeyQuad(item)));
        }
    }

    /// <summary>An item's values; of the last position in place of those that do not exist, which weigh nothing and must be
    /// numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FourPieces FetchValues(int firstTile, int found)
    {
        var values = default(FourPieces);
        if (Brings)
        {
            int item = Item;
            int tile = Seen(firstTile, item);
            int row = 4 * (ValueQuad(item) & 3);
            int fresh = _block.Queries.Start - (tile * Length);
            int last = _block.Queries.Position + _block.Queries.Tokens - 1 - (tile * Length);
            var ring = ValuesAt(item, found);
            var own = ValuesAt(item, FreshTile(tile));
            values = new FourPieces
            {
                A = Value(ring, own, fresh, IntrinsicMath.Min(row, last)),
                B = Value(ring, own, fresh, IntrinsicMath.Min(row + 1, last)),
                C = Value(ring, own, fresh, IntrinsicMath.Min(row + 2, last)),
                D = Value(ring, own, fresh, IntrinsicMath.Min(row + 3, last)),
            };
        }

        return values;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PutValues(FourPieces values)
    {
        if (Brings)
        {
            int item = Item;
            values.Put<TCore>(_values, FourPieces.Place<TCore>(_values, ValueEight(item), ValueQuad(item)));
        }
    }

    // The item's tile. In place of one that no query sees, and that is masked, the nearest is loaded that is seen.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Seen(int firstTile, int item) =>
        IntrinsicMath.Max(_block.FirstTile, IntrinsicMath.Min(firstTile + OwnTile(item), _block.EndTile - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int FreshTile(int tile) => _block.Queries.FreshTile + tile - (_block.Queries.Start / Length);

    // Runs of the kv head in all tiles before.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long HeadAt(int tile) => ((long)tile * _input.KvHeads) + _block.KvHead;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private FourPieces Keys(int item, bool isRing, int tile)
    {
        int element = IntrinsicMath.Min(4 * KeyQuad(item), _input.HeadDim - 4);
        long head = HeadAt(tile);
        long at = (head * (2 * _input.HeadDim)) + (2 * element) + KeyHalf(item);
        var scales = default(Eight);
        if (TPieces.IsScaled)
        {
            var of = isRing ? _input.Ring.KeyScales : _input.Fresh.KeyScales;
            scales = EightHalves.Decode(of.Cast<Pack>()[
                (head * (2 * (_input.HeadDim / TileLayout.Run))) + (2 * (element / TileLayout.Run)) + KeyHalf(item)]);
        }

        var keys = (isRing ? _input.Ring.Keys : _input.Fresh.Keys).Cast<TBits>();
        return new FourPieces
        {
            A = TPieces.Piece<TCore>(keys[at], scales), B = TPieces.Piece<TCore>(keys[at + 2], scales),
            C = TPieces.Piece<TCore>(keys[at + 4], scales), D = TPieces.Piece<TCore>(keys[at + 6], scales),
        };
    }

    // The item's piece of the tile's first position, and its scale.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (long Piece, long Scale) ValuesAt(int item, int tile)
    {
        int element = IntrinsicMath.Min(8 * ValueEight(item), _input.HeadDim - 8);
        long head = HeadAt(tile);
        return (
            (head * (2 * _input.HeadDim)) + (element / 8),
            TPieces.IsScaled ? (head * (Length * (_input.HeadDim / TileLayout.Run))) + (element / TileLayout.Run) : 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Pack Value((long Piece, long Scale) ring, (long Piece, long Scale) own, int fresh, int row)
    {
        bool isRing = row < fresh;
        var scales = default(Eight);
        if (TPieces.IsScaled)
        {
            var of = isRing ? _input.Ring.ValueScales : _input.Fresh.ValueScales;
            float scale = Float16.Decode(of[(isRing ? ring.Scale : own.Scale) + (row * (_input.HeadDim / TileLayout.Run))]);
            scales = new Eight { A = scale, B = scale, C = scale, D = scale, E = scale, F = scale, G = scale, H = scale };
        }

        var values = isRing ? _input.Ring.Values : _input.Fresh.Values;
        long at = (isRing ? ring.Piece : own.Piece) + (row * (_input.HeadDim / 8));
        return TPieces.Piece<TCore>(values.Cast<TBits>()[at], scales);
    }
}
